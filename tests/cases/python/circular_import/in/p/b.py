from p import a
from p.b import x
