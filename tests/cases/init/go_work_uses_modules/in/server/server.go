package server

import _ "x.org/api"
