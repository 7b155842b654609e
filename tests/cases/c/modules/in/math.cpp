export module math.core;
import :detail;
import std;
import <vector>;
import other;
