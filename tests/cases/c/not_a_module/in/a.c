import math;
