package org.example.b;

import org.example.c.C;

class B {
	C c;
}
