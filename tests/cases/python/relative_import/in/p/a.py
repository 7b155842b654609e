from . import b, name
from .q import c
from .q.c import y
from . import *
