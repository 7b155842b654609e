package b;

class Circle extends Circle {
	Inner own;
}
