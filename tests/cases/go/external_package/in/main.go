package main

import (
	"github.com/acme/tools/v2/log"
	"corp.example/deep/module/x"
	"corp.example/deep/x"
	"github.com/other/thing/v3/sub"
	"golang.org/x/net/html"
	"unknown.example/a/b"
)
