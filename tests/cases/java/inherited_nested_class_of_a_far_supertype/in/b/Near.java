package b;

import a.*;

class Near<T extends Inner> extends Outer.Middle {
	Inner inherited;
}
