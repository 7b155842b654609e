package org.x.mail;
import org.x.core.X;
class X {}
