package b.c;
public class D {}
