package org.x.web;
class X {}
