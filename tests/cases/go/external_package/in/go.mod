module example.com/shop

go 1.22

require (
	github.com/acme/tools/v2 v2.1.0
	corp.example/deep/module v0.1.0 // indirect
)
require corp.example/deep v0.0.1
