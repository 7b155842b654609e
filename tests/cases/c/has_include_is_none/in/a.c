#if __has_include("b.h")
#endif
