/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_APP_H
#define ASHLAR_APP_H

#include <ashlar/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An application: its modules in one program. A main.c is
 *     #include <ashlar/app.h>
 *     static const ash_module *const MODULES[] = {&orders_module, &billing_module, NULL};
 *     int main(int argc, char **argv)
 *     {
 *             return ash_main(argc, argv, &(ash_app){.name = "shop", .modules = MODULES});
 *     } */

/* A file that is part of the program, served below "/". */
typedef struct ash_asset {
	const char *path; /* "index.html", "js/page.js" */
	const char *content;
	size_t length;
	const char *etag; /* without quotes; changes with the content */
} ash_asset;

/* All of it is constant and lives as long as the program. */
typedef struct ash_app {
	const char *name;                 /* small letters, digits and '-' */
	const char *version;              /* NULL: "0" */
	const ash_module *const *modules; /* NULL at the end */
	const ash_asset *assets;
	size_t asset_count;
} ash_app;

/* Runs the application as its command line says (`NAME help`), and returns what main() is to
 * return: 0; 1 when something failed; 2 for a mistake in a contract, the deployment file or the
 * command line, each told on the standard error with its file, line and column; 75 when another
 * process has the address or migrates, so that trying later may help. Where handlers have to be cut
 * off at the end it does not return, but ends the process with 3. */
ASH_PUBLIC int ash_main(int argc, char **argv, const ash_app *app);

#ifdef __cplusplus
}
#endif

#endif
