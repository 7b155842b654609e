package a_test

import (
	"testing"
	"example.com/shop/a"
)
