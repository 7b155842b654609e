from ns.other import x
from .. import part
