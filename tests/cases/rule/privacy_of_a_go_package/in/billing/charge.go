package billing

import (
	"example.com/app/legacy"
	"example.com/app/legacy/api"
	"example.com/app/legacy/store"
)
