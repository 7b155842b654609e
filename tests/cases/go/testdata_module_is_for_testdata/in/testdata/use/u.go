package use

import (
	"example.com/fixture/p"
)
