package main

import (
	"example.com/api/v1"
)
