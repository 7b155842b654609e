from acme.shop.cart import items
