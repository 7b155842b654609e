package main

import (
	"example.com/q/p"
	"fmt"
	"./p"
	"../none"
	"example.org/z/y"
)
