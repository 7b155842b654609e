package a;
class B {}
class Second {}
