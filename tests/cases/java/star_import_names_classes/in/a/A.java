package a;
import b.*;
import java.util.*;
class A { B b; Set<C> c; }
