auto s = R"(
#include "no.h"
" )";
auto t = u8R"x(
)"
#include "no.h"
)x";
int million = 1'000'000;
#include "1.h"
int c = 'a';
