package b;
public class B { public static class Inner {} }
