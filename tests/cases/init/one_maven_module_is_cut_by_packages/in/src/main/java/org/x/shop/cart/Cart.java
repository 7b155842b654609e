package org.x.shop.cart;

import org.x.shop.test.Fake;

class Cart {}
