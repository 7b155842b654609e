module math.core;
import "h.hpp";
