package a;
import b.small;
class A {}
