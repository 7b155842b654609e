//go:build cgo

// Package a.
package a

/*
#include <stdio.h>
import "none"
*/
import "C"

import "fmt"
