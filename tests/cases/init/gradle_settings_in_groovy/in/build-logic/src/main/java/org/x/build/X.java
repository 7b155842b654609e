package org.x.build;
class X {}
