package a;
class A {
	Class<?> b = Class.forName("b.B$Inner");
	Class<?> c = Class.forName("org.h2.Driver");
}
