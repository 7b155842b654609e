package a.b;
class B {}
