import "c"; import "a"
