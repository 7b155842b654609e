package a;
class A extends Second {}
