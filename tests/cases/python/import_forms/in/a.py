import os
import b, c as d , e.f
from b import one, two as three
from b import *
import b; from c import x
if True: import c
