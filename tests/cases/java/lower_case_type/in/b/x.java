package b;
public class small {}
