package b;

class Nested {
	static class Deep extends a.Outer.Middle {
		void f() {
			new Object() {
				Inner inherited;
			};
		}
	}
}
