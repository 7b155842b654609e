package org.x.web;
import org.x.core.X;
class X {}
