from app.core import x
import helpers
