from tests.helpers import x
import near
