import acme.shop.cart
