package main

import (
	"fmt"
	"net/http"
	"encoding/json/v9"
	"C"
	"unsafe"
	"nosuch/thing"
	"internal/abi"
)
