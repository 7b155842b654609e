package org.x.old;
class X {}
