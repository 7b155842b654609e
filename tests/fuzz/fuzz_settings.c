/* SPDX-License-Identifier: Apache-2.0 */
/* A deployment file of any bytes. Each mistake has its place; what was taken is within the bounds
 * that the help tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/settings.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_values(const struct settings *settings)
{
	check(settings->address && *settings->address && settings->data && *settings->data);
	check(settings->workers >= 1 && settings->workers <= 64);
	check(settings->connections >= 1 && settings->connections <= 1000);
	check(settings->deadline >= 1 && settings->drain <= 3600);
	check(settings->sample >= 0 && settings->sample <= 1);
	check(!settings->otlp || strncmp(settings->otlp, "http", 4) == 0);
	check(settings->role <= ROLE_WORKER && settings->log <= LOG_ERROR_LEVEL);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static int file = -1;
	static char path[64];
	struct settings settings;
	struct error_list errors = {0};
	struct error error;
	if (file < 0) {
		file = memfd_create("deploy.yaml", MFD_CLOEXEC);
		check(file >= 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	}
	check(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	settings_init(&settings);
	int result = settings_read(&settings, path, &errors, &error);
	check(result == 0 || error.message[0]);
	for (size_t i = 0; i < errors.count; i++)
		check(errors.items[i].line >= 1 && errors.items[i].column >= 1 &&
		      errors.items[i].message[0]);
	check_values(&settings);
	settings_release(&settings);
	error_list_clear(&errors);
	return 0;
}
