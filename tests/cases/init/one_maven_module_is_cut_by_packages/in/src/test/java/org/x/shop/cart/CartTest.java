package org.x.shop.cart;

class CartTest {}
