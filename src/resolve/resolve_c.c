/* SPDX-License-Identifier: Apache-2.0 */
/* C and C++: a header's name to the file that a compiler would take: for quotes from the
 * including file's own folder, then from the include folders; without a command line that
 * tells those, from where the tree's own layout suggests. Must not know how command lines are
 * written, nor look at the file system.
 *
 * What is nowhere in the tree is standard by name, a third party's in angle brackets, and
 * unresolved in quotes. */
#include "resolve/resolver.h"

#include "base/path.h"
#include "resolve/resolve_c_files.h"
#include "resolve/resolve_c_folders.h"
#include "resolve/resolve_c_names.h"
#include "resolve/resolve_c_standard.h"

/* So many macros of a file's own are looked through for each include of a macro. */
enum { OWN_MACRO_LIMIT = 1000 };

struct c_state {
	struct c_files files;
	struct c_names names;
	struct c_standard standard;
	struct c_database database;
};

/* One file whose references are resolved. */
struct source {
	const struct c_state *state;
	const struct tree *tree;
	const struct c_folders *folders;
	uint32_t entry;
};

/* ---- one header ---- */

static bool is_file(const struct tree *tree, uint32_t entry)
{
	return entry != ENTRY_NONE && !tree->entries[entry].is_folder;
}

/* Whether the name has parts that lead nowhere or up, so that it is no end of a path. */
static bool has_dots(struct str name)
{
	struct str part;
	while (str_split(&name, '/', &part))
		if (part.length == 0 || str_equal(part, STR(".")) || str_equal(part, STR("..")))
			return true;
	return false;
}

static uint32_t find_in(const struct source *source, uint32_t folder, struct str name)
{
	uint32_t entry = tree_find_from(source->tree, source->tree->entries[folder].path, name);
	return is_file(source->tree, entry) ? entry : ENTRY_NONE;
}

static uint32_t candidate_in(const struct c_candidates *candidates, uint32_t folder)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->items[i].base == folder)
			return candidates->items[i].entry;
	return ENTRY_NONE;
}

/* In the folders of the command line; by look-up where no candidates are given, as for a name
 * with dots. With `after_self` the folders are passed over up to the one where the including
 * file itself is found. */
static uint32_t find_in_folders(const struct source *source, const struct c_header *header,
				const struct c_candidates *candidates, bool after_self)
{
	const struct c_folders *folders = source->folders;
	size_t i = header->form == INCLUDE_QUOTE ? 0 : folders->quote_count;
	uint32_t found = ENTRY_NONE;
	if (candidates && candidates->count == 0)
		return ENTRY_NONE;
	for (; i < folders->count; i++) {
		uint32_t entry = candidates ? candidate_in(candidates, folders->entries[i])
					    : find_in(source, folders->entries[i], header->name);
		if (after_self && entry == source->entry)
			found = ENTRY_NONE;
		else if (entry != ENTRY_NONE && found == ENTRY_NONE)
			found = entry;
		if (found != ENTRY_NONE && !after_self)
			break;
	}
	return found;
}

/* Where nothing says where headers are: by the layout of the tree. A standard header's name
 * leads into the tree only for a folder that is there to be searched. */
static uint32_t guess(const struct source *source, const struct c_header *header,
		      const struct c_candidates *candidates)
{
	enum c_guess how = header->form == INCLUDE_QUOTE ? C_GUESS_QUOTE : C_GUESS_ANGLE;
	if (how == C_GUESS_ANGLE && c_standard_has(&source->state->standard, header->name))
		how = C_GUESS_STANDARD;
	return c_files_guess(&source->state->files, source->entry, candidates, how);
}

static uint32_t find_header(const struct source *source, const struct c_header *header, bool next)
{
	struct c_candidates candidates;
	uint32_t entry = ENTRY_NONE;
	if (str_starts(header->name, STR("/")))
		return ENTRY_NONE;
	if (header->form == INCLUDE_QUOTE && !next)
		entry = find_in(source, source->tree->entries[source->entry].parent, header->name);
	if (entry != ENTRY_NONE)
		return entry;
	if (has_dots(header->name))
		return find_in_folders(source, header, NULL, next);
	c_files_find(&source->state->files, source->entry, header->name, &candidates);
	entry = find_in_folders(source, header, &candidates, next);
	return entry != ENTRY_NONE ? entry : guess(source, header, &candidates);
}

/* ---- one reference ---- */

static void set_package(struct reference *reference, struct str package)
{
	reference->state = REFERENCE_EXTERNAL;
	reference->package_length =
		package.length > UINT16_MAX ? UINT16_MAX : (uint16_t)package.length;
}

static struct str first_element(struct str name)
{
	ptrdiff_t slash = str_find(name, '/');
	return slash > 0 ? str_first(name, (size_t)slash) : name;
}

/* A header that protoc-gen-ashlar or protoc-gen-c makes of a .proto when the program is built means
 * that .proto. */
static uint32_t find_proto(const struct source *source, const struct c_header *header)
{
	static const struct str MADE[] = {
		{".port.h", 7}, {".messages.h", 11}, {".module.h", 9}, {".pb-c.h", 7}};
	static const struct str PROTO = {".proto", 6};
	char name[PATH_LIMIT];
	struct c_header proto = {.name = {name, 0}, .form = header->form};
	for (size_t i = 0; i < sizeof MADE / sizeof *MADE; i++) {
		size_t stem = header->name.length - MADE[i].length;
		if (!str_ends(header->name, MADE[i]) || stem + PROTO.length > sizeof name)
			continue;
		memcpy(name, header->name.at, stem);
		memcpy(name + stem, PROTO.at, PROTO.length);
		proto.name.length = stem + PROTO.length;
		return find_header(source, &proto, false);
	}
	return ENTRY_NONE;
}

static void resolve_header(const struct source *source, const struct c_header *header, bool next,
			   struct reference *reference)
{
	uint32_t entry = find_header(source, header, next);
	if (entry == ENTRY_NONE && header->form == INCLUDE_QUOTE)
		entry = find_proto(source, header);
	if (entry != ENTRY_NONE) {
		reference->state = REFERENCE_INTERNAL;
		reference->resolved = entry;
	} else if (c_standard_has(&source->state->standard, header->name)) {
		reference->state = REFERENCE_STANDARD;
	} else if (header->form == INCLUDE_ANGLE) {
		set_package(reference, reference->form == INCLUDE_MACRO
					       ? reference_target(reference)
					       : first_element(header->name));
	}
}

static void resolve_plain(const struct source *source, struct reference *reference)
{
	bool angle = reference->form == INCLUDE_ANGLE || reference->form == INCLUDE_ANGLE_NEXT;
	struct c_header header = {
		.name = reference_target(reference),
		.form = angle ? INCLUDE_ANGLE : INCLUDE_QUOTE,
	};
	resolve_header(source, &header,
		       reference->form == INCLUDE_QUOTE_NEXT ||
			       reference->form == INCLUDE_ANGLE_NEXT,
		       reference);
}

/* Whether the declaration defines the macro; the reference goes to its value then. */
static bool try_definition(const struct source *source, struct str declaration,
			   struct reference *reference)
{
	struct str macro;
	struct c_header header;
	if (!c_names_split(declaration, &macro, &header) ||
	    !str_equal(macro, reference_target(reference)))
		return false;
	resolve_header(source, &header, false, reference);
	return true;
}

/* The command line's definition first, as files leave their own out where there is one; then
 * that of the tree, where all agree; then the file's own, the first that leads to a file. */
static void resolve_macro(const struct source *source, struct reference *reference)
{
	const struct facts *facts = source->tree->entries[source->entry].facts;
	struct c_header header;
	for (size_t i = 0; i < source->folders->macro_count; i++)
		if (try_definition(source, source->folders->macros[i], reference))
			return;
	if (c_names_header(&source->state->names, reference_target(reference), &header)) {
		resolve_header(source, &header, false, reference);
		return;
	}
	for (size_t i = 0; i < facts->declaration_count && i < OWN_MACRO_LIMIT; i++)
		if (try_definition(source, facts->declarations[i].name, reference) &&
		    reference->state == REFERENCE_INTERNAL)
			return;
}

static void resolve_module(const struct source *source, struct reference *reference)
{
	struct str target = reference_target(reference);
	uint32_t file = c_names_module(&source->state->names, target);
	if (file != ENTRY_NONE) {
		reference->state = REFERENCE_INTERNAL;
		reference->resolved = file;
	} else if (str_equal(target, STR("std")) || str_equal(target, STR("std.compat"))) {
		reference->state = REFERENCE_STANDARD;
	}
}

static int resolve(const void *context, const struct tree *tree, uint32_t file, struct error *error)
{
	const struct c_state *state = context;
	struct facts *facts = tree->entries[file].facts;
	struct source source = {state, tree, c_database_folders(&state->database, file), file};
	(void)error;
	for (size_t i = 0; i < facts->reference_count; i++) {
		struct reference *reference = &facts->references[i];
		if (reference->form == INCLUDE_MACRO)
			resolve_macro(&source, reference);
		else if (reference->form == INCLUDE_MODULE)
			resolve_module(&source, reference);
		else
			resolve_plain(&source, reference);
	}
	return 0;
}

static void release(void *context)
{
	struct c_state *state = context;
	if (!state)
		return;
	c_files_release(&state->files);
	c_names_release(&state->names);
	c_standard_release(&state->standard);
	c_database_release(&state->database);
	mem_free(state);
}

static int prepare(struct tree *tree, const struct resolve_settings *settings, void **out,
		   struct error *error)
{
	struct c_state *state = mem_alloc(sizeof *state);
	if (!state)
		return error_memory(error);
	int result = c_standard_init(&state->standard) ? 0 : error_memory(error);
	if (result == 0)
		result = c_files_init(&state->files, tree, error);
	if (result == 0)
		result = c_names_init(&state->names, tree, error);
	if (result == 0)
		result = c_database_init(&state->database, tree, settings, error);
	if (result < 0) {
		release(state);
		return -1;
	}
	*out = state;
	return 0;
}

const struct resolver resolver_c = {prepare, resolve, release};
