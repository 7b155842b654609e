package a;

public interface Far {
	class Inner {
	}
}
