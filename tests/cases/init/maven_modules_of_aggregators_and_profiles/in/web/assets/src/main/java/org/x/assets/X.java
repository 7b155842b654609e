package org.x.assets;
class X {}
