/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as settings in Groovy and in Kotlin: what is found stands where it says. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "manifest/gradle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether the text has so many lines. */
static void require_line(struct str text, uint32_t line)
{
	uint32_t lines = 1;
	for (size_t i = 0; i < text.length; i++)
		lines += text.at[i] == '\n';
	if (line == 0 || line > lines)
		abort();
}

static void read_as(const char *path, struct str text)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(gradle_release) struct gradle_settings settings = {0};
	struct error error = {0};
	if (gradle_read(path, text, &arena, &settings, &error) < 0) {
		if (error.code != ERROR_LIMIT)
			abort();
		return;
	}
	for (size_t i = 0; i < settings.count; i++) {
		if (settings.projects[i].name.length == 0 && settings.projects[i].column == 0)
			abort();
		if (!settings.projects[i].folder.at)
			abort();
	}
	if (settings.count > 0)
		require_line(text, settings.projects[settings.count - 1].line);
	if (settings.computed.count > 0)
		require_line(text, settings.computed.items[settings.computed.count - 1].line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	read_as("settings.gradle", text);
	read_as("settings.gradle.kts", text);
	return 0;
}
