/* SPDX-License-Identifier: Apache-2.0 */
/* The packages of the JDK (25, and what earlier ones had beyond it as far as it never became
 * a library of its own). A package stands for those below it too. */
#include "resolve/resolve_java.h"

struct family {
	struct str prefix;
	const char *const *packages; /* below the prefix; NULL: all of them */
};

static const char *const JAVAX[] = {
	"accessibility", "annotation.processing",
	"crypto",        "imageio",
	"lang.model",    "management",
	"naming",        "net",
	"print",         "rmi",
	"script",        "security.auth",
	"security.cert", "security.sasl",
	"smartcardio",   "sound",
	"sql",           "swing",
	"tools",         "transaction.xa",
	"xml.catalog",   "xml.crypto",
	"xml.datatype",  "xml.namespace",
	"xml.parsers",   "xml.stream",
	"xml.transform", "xml.validation",
	"xml.xpath",     NULL,
};

static const char *const COM_SUN[] = {
	"awt",
	"beans",
	"crypto.provider",
	"hotspot.igv",
	"imageio",
	"java",
	"jarsigner",
	"jdi",
	"jmx",
	"jndi",
	"management",
	"media.sound",
	"naming",
	"net.httpserver",
	"net.ssl",
	"nio",
	"org.apache",
	"org.slf4j",
	"xml.internal",
	"rmi",
	"rowset",
	"security",
	"source",
	"swing",
	"tools.attach",
	"tools.classfile",
	"tools.doclint",
	"tools.example",
	"tools.internal",
	"tools.javac",
	"tools.javadoc",
	"tools.javap",
	"tools.jconsole",
	"tools.jnativescan",
	"tools.jdeprscan",
	"tools.jdeps",
	"tools.jdi",
	"tools.script",
	"tools.sjavac",
	NULL,
};

static const char *const ORG[] = {
	"ietf.jgss", "jcp.xml.dsig.internal", "w3c.dom", "xml.sax", NULL,
};

static const char *const NETSCAPE[] = {"javascript", NULL};

#define FAMILY(prefix, packages)                                                                   \
	{                                                                                          \
		{prefix, sizeof(prefix) - 1}, packages                                             \
	}

static const struct family FAMILIES[] = {
	FAMILY("java.", NULL),         FAMILY("javax.", JAVAX),     FAMILY("jdk.", NULL),
	FAMILY("sun.", NULL),          FAMILY("com.sun.", COM_SUN), FAMILY("org.", ORG),
	FAMILY("netscape.", NETSCAPE),
};

/* Whether `name` is `package` or something in it. */
static bool is_below(struct str name, struct str package)
{
	return str_starts(name, package) &&
	       (name.length == package.length || name.at[package.length] == '.');
}

static bool is_in_family(const struct family *family, struct str name)
{
	struct str rest = str_from(name, family->prefix.length);
	if (!family->packages)
		return true;
	for (size_t i = 0; family->packages[i]; i++)
		if (family->packages[i][0] == rest.at[0] &&
		    is_below(rest, str_of(family->packages[i])))
			return true;
	return false;
}

bool java_is_standard(struct str name)
{
	for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++)
		if (name.length > FAMILIES[i].prefix.length &&
		    name.at[0] == FAMILIES[i].prefix.at[0] && str_starts(name, FAMILIES[i].prefix))
			return is_in_family(&FAMILIES[i], name);
	return false;
}

bool java_is_standard_module(struct str name)
{
	return str_starts(name, STR("java.")) || str_starts(name, STR("jdk."));
}
