import math.core;
export import math.core;
