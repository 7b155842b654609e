package a;
import b.*;
class A { Node n; }
