package main

import (
	"example.com/shop"
)
