package b;
class B {}
