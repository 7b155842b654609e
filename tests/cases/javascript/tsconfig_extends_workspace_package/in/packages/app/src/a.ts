import "~/b"
