#include "x.h"
#include <x.h>
#include "y.h"
#include <q.h>
#include <stdio.h>
#include CONFIG
