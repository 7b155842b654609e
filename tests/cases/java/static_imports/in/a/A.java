package a;
import static b.B.run;
import static b.B.*;
import static java.lang.Math.max;
class A { int i = run() + max(1, 2); }
