package a
import (
	"fmt
	"os"
	x
	"io"
