package b;

import a.Base;

class User extends Base {
	Public inherited;
	Near near;
	Private own;
}
