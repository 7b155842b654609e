module x.org/shop
