package org.x.shop.test;

public class Fake {}
