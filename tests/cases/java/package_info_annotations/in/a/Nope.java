package a;
class Nope {}
