import "@app/one"; import "@app/two"; import "@app/x/one"; import "env"; import "b/end"; import "app/one"; import "react"
