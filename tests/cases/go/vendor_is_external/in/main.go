package main

import (
	"example.com/dep/x"
)
