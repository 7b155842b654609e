package a;
import b.B.Inner;
import b.B.Inner.*;
class A { Inner i; }
