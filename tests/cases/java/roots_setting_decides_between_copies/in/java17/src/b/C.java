package b;

class C {
}
