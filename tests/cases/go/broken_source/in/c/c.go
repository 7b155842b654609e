package c
import "fmt"
}}}} import "os"
