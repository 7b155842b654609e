#include "billing.module.h"

ASH_MODULE(billing);
