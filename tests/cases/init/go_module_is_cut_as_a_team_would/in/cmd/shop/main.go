package main

import (
	_ "x.org/shop/internal/cart"
	_ "x.org/shop/pkg/api"
)
