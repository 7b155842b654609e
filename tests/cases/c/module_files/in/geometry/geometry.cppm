module;
#include <cassert>
#include "geometry/config.h"
export module geometry;
export import :shape;
import geometry.units;
import <vector>;
import "geometry/config.h";
import std;
