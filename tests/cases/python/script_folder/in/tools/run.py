import common
from lib import x
