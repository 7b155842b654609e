module example.com/shop extra
module example.com/shop
require example.com/one
replace example.com/x ../x
require (
	example.com/dep v1.0.0
