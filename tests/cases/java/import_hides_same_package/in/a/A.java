package a;
import b.Node;
class A { Node n; }
