package main

import (
	"example.com/shop/a"
	"example.com/dep/x"
)
