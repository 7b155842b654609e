import "a/b"; import "left-pad"
