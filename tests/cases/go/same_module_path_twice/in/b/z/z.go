package z

import (
	"example.com/m/p"
)
