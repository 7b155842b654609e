package main

import (
	"example.com/fixture/p"
)
