import acme.shop.prices.table
