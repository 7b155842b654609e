package a
import "\x66mt"
import "example.com/\u0073hop/a"
