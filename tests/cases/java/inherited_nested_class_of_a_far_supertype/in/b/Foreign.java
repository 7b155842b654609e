package b;

import x.Outer;

class Foreign extends Outer.Middle {
	Inner own;
}
