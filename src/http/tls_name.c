/* SPDX-License-Identifier: Apache-2.0 */
/* Names in certificates. Those that say who a process is are compared as a whole: a wildcard is
 * good for finding a server, not for being somebody. */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "http/tls_session.h"

static void free_names(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

/* The text of a DNS name or a URI; false for other kinds, and for one with a NUL in it. */
static bool read_name(const GENERAL_NAME *name, struct str *out, bool *uri)
{
	const ASN1_IA5STRING *text;
	*uri = name->type == GEN_URI;
	if (name->type == GEN_DNS)
		text = name->d.dNSName;
	else if (name->type == GEN_URI)
		text = name->d.uniformResourceIdentifier;
	else
		return false;
	*out = (struct str){(const char *)ASN1_STRING_get0_data(text),
			    (size_t)ASN1_STRING_length(text)};
	return out->length && !memchr(out->at, '\0', out->length);
}

bool tls_has_name(X509 *certificate, struct str name)
{
	_cleanup_(free_names) GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	struct str each;
	bool uri;
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		if (!read_name(sk_GENERAL_NAME_value(names, i), &each, &uri) ||
		    each.length != name.length)
			continue;
		if (uri ? memcmp(each.at, name.at, name.length) == 0
			: strncasecmp(each.at, name.at, name.length) == 0)
			return true;
	}
	return false;
}

/* Control characters of a foreign certificate reach no log. */
static size_t add(char *out, size_t size, size_t at, struct str name)
{
	size_t length = name.length + (at ? 2 : 0);
	if (at + length >= size)
		return at;
	if (at) {
		memcpy(out + at, ", ", 2);
		at += 2;
	}
	for (size_t i = 0; i < name.length; i++)
		out[at + i] = (char)(name.at[i] > ' ' && name.at[i] < 127 ? name.at[i] : '?');
	return at + name.length;
}

void tls_names(X509 *certificate, char *out, size_t size)
{
	_cleanup_(free_names) GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	struct str each;
	bool uri;
	size_t length = 0;
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++)
		if (read_name(sk_GENERAL_NAME_value(names, i), &each, &uri))
			length = add(out, size, length, each);
	out[length] = '\0';
	if (!length)
		X509_NAME_oneline(X509_get_subject_name(certificate), out, (int)size);
}
