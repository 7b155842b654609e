package org.x.shop.prices;

class Prices {}
