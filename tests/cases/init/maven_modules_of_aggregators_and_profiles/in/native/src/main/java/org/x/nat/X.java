package org.x.nat;
class X {}
