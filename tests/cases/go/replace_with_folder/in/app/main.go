package main

import (
	"example.com/lib"
	"example.com/lib/sub"
	"example.com/lib/none"
	"example.com/outside/x"
	"example.com/fork/x"
)
