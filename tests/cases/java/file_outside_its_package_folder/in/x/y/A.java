package a.b;
class A { B b; }
