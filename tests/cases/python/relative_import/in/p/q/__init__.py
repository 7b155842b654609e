from .. import a
from ..b import z
from ... import no
