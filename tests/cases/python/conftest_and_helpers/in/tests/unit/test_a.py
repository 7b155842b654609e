from helpers import x
from conftest import y
import near
