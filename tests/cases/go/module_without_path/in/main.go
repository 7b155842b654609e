package main

import (
	"fmt"
)
