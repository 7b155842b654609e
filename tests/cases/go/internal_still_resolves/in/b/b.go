package b

import (
	"example.com/shop/a/internal/i"
)
