import "@/x"; import "lib/x"
