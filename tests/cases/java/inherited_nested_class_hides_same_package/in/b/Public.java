package b;

class Public {
}
