package x

import (
	"example.com/dep/y"
	"fmt"
)
