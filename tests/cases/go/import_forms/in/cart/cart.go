// Package cart.
package cart

import "fmt"
import f "fmt"
import . "example.com/shop/money"
import _ `example.com/shop/money`

import (
	"errors"

	m "example.com/shop/money" // money
	/* not "example.com/shop/none" */ . "example.com/shop/money"
)

var import_ = `
import "example.com/shop/none"
`
