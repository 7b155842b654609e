package org.x.b;
class X {}
