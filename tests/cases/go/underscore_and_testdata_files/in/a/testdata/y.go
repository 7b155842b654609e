package y

import (
	"example.com/shop/a"
)
