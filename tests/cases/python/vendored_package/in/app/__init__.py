from app._vendor import six
from ._vendor.six import moves
import six
