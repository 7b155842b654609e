package a;
/** {@link B} */
class A {
	// B b;
	String s = "B.x" + """
		B b = "B";
		""" + '"' + C.x;
}
