import "x"; import "react"; import "y"
