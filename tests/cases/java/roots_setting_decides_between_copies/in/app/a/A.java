package a;

import b.B;

class A {
	B b;
}
