package main

import (
	"example.com/shop/tool"
	"example.com/shop/tool/x"
	"example.com/shop/other/x"
)
