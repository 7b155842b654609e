import b
"""
import c
"""
from b import (x,
  y)
z = 1 + \
  2
import c
