package x

import (
	"example.com/shop/a"
)
