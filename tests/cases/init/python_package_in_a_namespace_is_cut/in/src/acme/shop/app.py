import acme.shop.cart.items
