export module math.core:detail;
