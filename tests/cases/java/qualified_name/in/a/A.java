package a;
class A extends b.B {
	Object o = new b.B.Inner();
	java.util.List<b.c.D> l;
}
