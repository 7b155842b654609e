from lib import x, y
