import "a/b"; import "@s/b/c"
