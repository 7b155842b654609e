package b;
public class C {}
