/* #include "no.h"
#include "no.h" */
// \
#include "no.h"
const char *s = "/*";
#include "1.h"
int c = '"';
#include "2.h"
const char *t = "\
#include \"no.h\"\
";
#include "3.h"
#error don't
#include "4.h"
