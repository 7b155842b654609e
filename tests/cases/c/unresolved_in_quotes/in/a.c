#include "config.h"
#include "gen/version.h"
