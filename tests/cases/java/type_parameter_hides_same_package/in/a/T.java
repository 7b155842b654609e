package a;
class T {}
