from ..a import x
from .none.more import x
