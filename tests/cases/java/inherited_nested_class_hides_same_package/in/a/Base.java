package a;

public class Base {
	public static class Public {
	}

	static class Near {
	}

	private static class Private {
	}
}
