package a;
class B {}
