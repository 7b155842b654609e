from b import (  # why (
    one,

    two as three,  # )
)
from \
    b import four, \
    five
import \
    b
import b . c
