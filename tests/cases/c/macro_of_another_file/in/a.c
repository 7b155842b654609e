#include "ft.h"
#include FT_MAIN_H
