package a;
class A {
	B b;
	B c = new B();
}
