// Deprecated: no.
module "example.com/shop" // the shop

require `example.com/dep` v1.0.0 // indirect

retract [v1.0.0, v1.9.9]
exclude example.com/x v1.0.0
tool example.com/shop/tool
