package b;

class Inner {
}
