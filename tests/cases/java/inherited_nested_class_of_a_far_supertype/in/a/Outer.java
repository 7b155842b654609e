package a;

public class Outer {
	public abstract static class Middle implements Far {
	}
}
