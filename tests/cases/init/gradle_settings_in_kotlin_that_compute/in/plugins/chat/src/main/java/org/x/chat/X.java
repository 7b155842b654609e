package org.x.chat;
class X {}
