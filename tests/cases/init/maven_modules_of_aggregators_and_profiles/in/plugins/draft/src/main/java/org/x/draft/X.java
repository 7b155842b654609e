package org.x.draft;
class X {}
