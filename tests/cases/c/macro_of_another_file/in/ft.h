#define FT_MAIN_H <ft/main.h>
