package a;
class A {
	void f(java.util.List<A> l) { l.forEach(B -> { B.g(); }); }
	void g() {}
}
