/* SPDX-License-Identifier: Apache-2.0 */
/* A first slice of the command line: `ashlar refs`. */
#include <stdio.h>
#include <string.h>

#include "base/crew.h"
#include "base/text.h"
#include "resolve/resolve.h"
#include "scan/tree.h"

static void add_json(struct text *out, const char *path, const struct tree *tree,
                     const struct reference *r)
{
	text_addf(out, "{\"file\": ");
	text_add_json(out, str_of(path));
	text_addf(out, ", \"line\": %u, \"column\": %u, \"kind\": \"%s\", \"target\": ", r->line,
	          r->column, reference_kind_name(r->kind));
	text_add_json(out, reference_target(r));
	text_addf(out, ", \"resolved\": ");
	if (r->resolved == ENTRY_NONE)
		text_addf(out, "null");
	else
		text_add_json(out, tree->entries[r->resolved].path);
	text_addf(out, ", \"module\": null, \"external\": %s}\n",
	          r->state == REFERENCE_EXTERNAL || r->state == REFERENCE_STANDARD ? "true" : "false");
}

static void add_text(struct text *out, const char *path, const struct tree *tree,
                     const struct reference *r)
{
	text_addf(out, "%s:%u:%u: %s %s -> ", path, r->line, r->column, reference_kind_name(r->kind),
	          r->target);
	if (r->state == REFERENCE_INTERNAL)
		text_addf(out, "%s%s\n", tree->entries[r->resolved].path.at,
		          tree->entries[r->resolved].is_folder ? "/" : "");
	else if (r->state == REFERENCE_EXTERNAL)
		text_addf(out, "external %.*s\n", (int)r->package_length, r->target);
	else
		text_addf(out, r->state == REFERENCE_STANDARD ? "standard\n" : "unresolved\n");
}

int main(int argc, char **argv)
{
	bool json = argc > 3 && strcmp(argv[2], "--format") == 0 && strcmp(argv[3], "json") == 0;
	bool silent = argc > 2 && strcmp(argv[2], "--silent") == 0;
	struct tree tree;
	struct error error;
	_cleanup_(text_release) struct text out = {0};
	if (tree_scan(".", NULL, crew_size(), &tree, &error) < 0 ||
	    resolve_tree(&tree, NULL, crew_size(), &error) < 0) {
		fprintf(stderr, "%s\n", error.message);
		return 3;
	}
	for (uint32_t i = 0; i < tree.count && !silent; i++)
		for (size_t j = 0; tree.entries[i].facts && j < tree.entries[i].facts->reference_count; j++) {
			const struct reference *r = &tree.entries[i].facts->references[j];
			if (r->state != REFERENCE_DROPPED)
				(json ? add_json : add_text)(&out, tree.entries[i].path.at, &tree, r);
		}
	fwrite(out.at, 1, out.length, stdout);
	for (size_t i = 0; i < tree.problems.count; i++)
		fprintf(stderr, "%s: %s\n", tree.problems.items[i].file, tree.problems.items[i].message);
	fprintf(stderr, "%u files, %lu lines\n", tree.file_count, tree.line_count);
	tree_release(&tree);
	return 0;
}
