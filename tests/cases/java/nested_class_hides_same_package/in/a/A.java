package a;
class A {
	Node node;
	static class Node {}
}
