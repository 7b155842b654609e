package tool

import (
	"example.com/shop/lib"
)
