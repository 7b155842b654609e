import app.core
import other
