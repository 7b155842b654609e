package a;

class A {
}
