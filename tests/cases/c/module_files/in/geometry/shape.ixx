export module geometry:shape;
import "geometry/config.h";
