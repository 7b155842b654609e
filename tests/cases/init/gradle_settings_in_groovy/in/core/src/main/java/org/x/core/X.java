package org.x.core;
class X {}
