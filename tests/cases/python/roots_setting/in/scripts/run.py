import app.core
import near
