package a

import (
	"testing"
)
