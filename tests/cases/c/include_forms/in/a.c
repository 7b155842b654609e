#include "b.h"
#include <b.h>
#  import "b.h"
#include_next <b.h>
%:include "b.h"
 /* c */ # /* c */ include /* c */ "b.h" // c
#\
include "b.h"
