package client

import _ "x.org/shop/pkg/api"
