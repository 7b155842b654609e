from app.core import x
