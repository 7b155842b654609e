package a

import (
	"example.com/shop/gen/pb"
)
