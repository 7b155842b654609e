/* SPDX-License-Identifier: Apache-2.0 */
/* One reference on one line. A tree has millions: so no printf here. */
#include "report/plain.h"
#include "report/report.h"

static void add_number(struct text *out, uint32_t number)
{
	char digits[16];
	size_t at = sizeof digits;
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	text_add(out, (struct str){digits + at, sizeof digits - at});
}

static void add_where(const struct report_reference *reference, struct text *out)
{
	switch (reference->state) {
	case REFERENCE_INTERNAL:
		add_plain(out, reference->resolved);
		if (reference->is_folder)
			text_add_byte(out, '/');
		break;
	case REFERENCE_EXTERNAL:
		text_add(out, STR("external"));
		if (reference->package.length)
			text_add_byte(out, ' ');
		add_plain(out, reference->package);
		break;
	case REFERENCE_STANDARD: text_add(out, STR("standard")); break;
	default: text_add(out, STR("unresolved")); break;
	}
}

void report_reference_text(const struct report_reference *reference, struct text *out)
{
	add_plain(out, reference->file);
	text_add_byte(out, ':');
	add_number(out, reference->line);
	text_add_byte(out, ':');
	add_number(out, reference->column);
	text_add(out, STR(": "));
	text_add(out, str_of(reference_kind_name(reference->kind)));
	text_add_byte(out, ' ');
	add_plain(out, reference->target);
	text_add(out, STR(" -> "));
	add_where(reference, out);
	text_add_byte(out, '\n');
}

static void add_or_null(struct text *out, struct str value, bool there)
{
	if (there)
		text_add_json(out, value);
	else
		text_add(out, STR("null"));
}

void report_reference_json(const struct report_reference *reference, struct text *out)
{
	bool internal = reference->state == REFERENCE_INTERNAL;
	bool standard = reference->state == REFERENCE_STANDARD;
	bool external = reference->state == REFERENCE_EXTERNAL || standard;
	text_add(out, STR("{\"file\": "));
	text_add_json(out, reference->file);
	text_add(out, STR(", \"line\": "));
	add_number(out, reference->line);
	text_add(out, STR(", \"column\": "));
	add_number(out, reference->column);
	text_add(out, STR(", \"kind\": \""));
	text_add(out, str_of(reference_kind_name(reference->kind)));
	text_add(out, STR("\", \"target\": "));
	text_add_json(out, reference->target);
	text_add(out, STR(", \"resolved\": "));
	add_or_null(out, reference->resolved, internal);
	text_add(out, STR(", \"module\": "));
	add_or_null(out, reference->module, reference->module.length > 0);
	text_add(out, STR(", \"to_module\": "));
	add_or_null(out, reference->to_module, reference->to_module.length > 0);
	text_add(out, external ? STR(", \"external\": true") : STR(", \"external\": false"));
	text_add(out, STR(", \"package\": "));
	add_or_null(out, reference->package, reference->package.length > 0);
	text_add(out, standard ? STR(", \"standard\": true}\n") : STR(", \"standard\": false}\n"));
}
