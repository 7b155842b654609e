from . import a
from .a import x
