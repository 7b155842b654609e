package b;

public class B {
	C c;
}
