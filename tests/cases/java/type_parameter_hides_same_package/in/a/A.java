package a;
class A<T> { T t; }
