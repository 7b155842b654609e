package b;
public class B { public static int run() { return 1; } }
