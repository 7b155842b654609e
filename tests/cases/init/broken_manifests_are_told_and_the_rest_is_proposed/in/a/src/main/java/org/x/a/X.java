package org.x.a;
class X {}
