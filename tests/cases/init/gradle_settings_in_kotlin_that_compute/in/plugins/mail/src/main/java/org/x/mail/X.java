package org.x.mail;
class X {}
