import "lib"; import "lib/x"; import "other"; import "other/in/it"
