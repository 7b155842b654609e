import "c/d"
