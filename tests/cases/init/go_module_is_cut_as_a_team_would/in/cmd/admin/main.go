package main

import _ "x.org/shop/internal/store/sql"
