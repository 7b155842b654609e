package a;
public class A extends b.B {}
