/* SPDX-License-Identifier: Apache-2.0 */
/* Names of languages and kinds, and which file is of which language. */
#include "scan/facts.h"

#include "base/path.h"

static const char *const KIND_NAMES[REFERENCE_KIND_COUNT] = {
	[REFERENCE_IMPORT] = "import",   [REFERENCE_TYPE] = "type", [REFERENCE_DYNAMIC] = "dynamic",
	[REFERENCE_INCLUDE] = "include", [REFERENCE_NAME] = "name",
};

static const char *const LANGUAGE_NAMES[LANGUAGE_COUNT] = {
	[LANGUAGE_NONE] = "",         [LANGUAGE_C] = "c",
	[LANGUAGE_PYTHON] = "python", [LANGUAGE_JAVASCRIPT] = "javascript",
	[LANGUAGE_GO] = "go",         [LANGUAGE_JAVA] = "java",
};

struct extension {
	struct str text;
	enum language language;
};

#define EXTENSION(text, language)                                                                  \
	{                                                                                          \
		{text, sizeof(text) - 1}, language                                                 \
	}

static const struct extension EXTENSIONS[] = {
	EXTENSION("c", LANGUAGE_C),
	EXTENSION("h", LANGUAGE_C),
	EXTENSION("cc", LANGUAGE_C),
	EXTENSION("cpp", LANGUAGE_C),
	EXTENSION("cxx", LANGUAGE_C),
	EXTENSION("c++", LANGUAGE_C),
	EXTENSION("hh", LANGUAGE_C),
	EXTENSION("hpp", LANGUAGE_C),
	EXTENSION("hxx", LANGUAGE_C),
	EXTENSION("h++", LANGUAGE_C),
	EXTENSION("ipp", LANGUAGE_C),
	EXTENSION("inl", LANGUAGE_C),
	EXTENSION("tpp", LANGUAGE_C),
	EXTENSION("cppm", LANGUAGE_C),
	EXTENSION("ccm", LANGUAGE_C),
	EXTENSION("cxxm", LANGUAGE_C),
	EXTENSION("c++m", LANGUAGE_C),
	EXTENSION("ixx", LANGUAGE_C),
	EXTENSION("mpp", LANGUAGE_C),
	EXTENSION("py", LANGUAGE_PYTHON),
	EXTENSION("pyi", LANGUAGE_PYTHON),
	EXTENSION("pyw", LANGUAGE_PYTHON),
	EXTENSION("js", LANGUAGE_JAVASCRIPT),
	EXTENSION("jsx", LANGUAGE_JAVASCRIPT),
	EXTENSION("mjs", LANGUAGE_JAVASCRIPT),
	EXTENSION("cjs", LANGUAGE_JAVASCRIPT),
	EXTENSION("ts", LANGUAGE_JAVASCRIPT),
	EXTENSION("tsx", LANGUAGE_JAVASCRIPT),
	EXTENSION("mts", LANGUAGE_JAVASCRIPT),
	EXTENSION("cts", LANGUAGE_JAVASCRIPT),
	EXTENSION("vue", LANGUAGE_JAVASCRIPT),
	EXTENSION("svelte", LANGUAGE_JAVASCRIPT),
	EXTENSION("astro", LANGUAGE_JAVASCRIPT),
	EXTENSION("go", LANGUAGE_GO),
	EXTENSION("java", LANGUAGE_JAVA),
};

const char *reference_kind_name(enum reference_kind kind)
{
	return KIND_NAMES[kind];
}

const char *language_name(enum language language)
{
	return LANGUAGE_NAMES[language];
}

enum language language_named(struct str name)
{
	for (int i = LANGUAGE_NONE + 1; i < LANGUAGE_COUNT; i++)
		if (str_equal(name, str_of(LANGUAGE_NAMES[i])))
			return (enum language)i;
	return LANGUAGE_NONE;
}

enum language language_of(struct str path)
{
	struct str extension = path_extension(path);
	for (size_t i = 0; i < sizeof EXTENSIONS / sizeof *EXTENSIONS; i++)
		if (str_equal(extension, EXTENSIONS[i].text))
			return EXTENSIONS[i].language;
	return LANGUAGE_NONE;
}
