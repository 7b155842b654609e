package a;
class C {}
