from .. import q
from ..q import x
from ... import q
