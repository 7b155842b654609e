package main

import (
	"example.com/api/v1"
	"example.com/old/x"
)
