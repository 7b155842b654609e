package app

import "shop"
