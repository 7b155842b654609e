package main

import (
	"example.com/shop"
	"example.com/shop/a/b"
	"example.com/shop/gone"
	"example.com/shopping"
)
