package main

import (
	"example.com/m/p"
)
