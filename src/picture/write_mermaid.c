/* SPDX-License-Identifier: Apache-2.0 */
/* A flowchart of Mermaid, which GitHub and GitLab draw inside Markdown. Layers are subgraphs,
 * type-only edges are dotted. Mermaid itself draws nothing that has more than 500 edges by
 * default: past that many the edges with new findings, the skeleton, and those with known
 * findings are written, in this order as far as they go, and a comment says what is left out. */
#include "base/utf8.h"
#include "picture/draw.h"

enum { EDGE_MOST = 500 };

static bool is_word(struct str text, size_t at)
{
	unsigned char byte = at < text.length ? (unsigned char)text.at[at] : ' ';
	return byte >= 0x80 || (byte >= '0' && byte <= '9') ||
	       ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/* Labels are Markdown: "__init__" would be bold, "my_module" stays. */
static bool is_emphasis(struct str text, size_t at)
{
	return text.at[at] == '*' || text.at[at] == '~' ||
	       (text.at[at] == '_' && !(at > 0 && is_word(text, at - 1) && is_word(text, at + 1)));
}

/* A label in quotes. Mermaid knows characters by "#name;" and "#number;". */
static void add_label(struct text *out, struct str text)
{
	static const char SPECIAL[] = "\"#&<>`;\\[]{}()|";
	text_add_byte(out, '"');
	for (size_t i = 0; i < text.length;) {
		size_t length = utf8_length(str_from(text, i));
		unsigned char byte = (unsigned char)text.at[i];
		if (length == 0)
			text_add(out, STR("\xEF\xBF\xBD"));
		else if (byte < ' ' || strchr(SPECIAL, byte) || is_emphasis(text, i))
			text_addf(out, "#%u;", byte < ' ' ? ' ' : byte);
		else
			text_add(out, str_first(str_from(text, i), length));
		i += length ? length : 1;
	}
	text_add_byte(out, '"');
}

static void add_layer(const struct model *model, uint32_t layer, struct text *out)
{
	const struct contracts *contracts = model->picture->graph->contracts;
	bool named = layer < contracts->layer_count;
	if (named) {
		text_addf(out, "  subgraph layer%u[", layer);
		add_label(out, contracts->layers[layer].name.text);
		text_add(out, STR("]\n"));
	}
	for (uint32_t i = 0; i < model->node_count; i++) {
		uint32_t node = model->order[i];
		if (model_layer(model, node) != layer)
			continue;
		text_addf(out, "%sm%u[", named ? "    " : "  ", node);
		add_label(out, model->nodes[node].module->name);
		text_add(out, STR("]\n"));
	}
	if (named)
		text_add(out, STR("  end\n"));
}

/* What is left out last has the lowest. */
enum rank { RANK_FRESH, RANK_MAIN, RANK_KNOWN, RANK_REST, RANK_COUNT };

static enum rank rank_of(const struct link *link)
{
	if (link->tally.errors + link->tally.warnings > 0)
		return RANK_FRESH;
	if (link->main)
		return RANK_MAIN;
	return link->tally.known > 0 ? RANK_KNOWN : RANK_REST;
}

/* How many of each rank are written; those that imply nothing new only when all fit. */
struct quota {
	size_t left[RANK_COUNT];
};

static struct quota share_out(const struct model *model)
{
	struct quota quota = {0};
	size_t room = EDGE_MOST;
	for (size_t i = 0; i < model->link_count; i++)
		quota.left[rank_of(&model->links[i])]++;
	for (int rank = 0; rank < RANK_COUNT; rank++) {
		if (quota.left[rank] > room)
			quota.left[rank] = rank == RANK_REST ? 0 : room;
		room -= quota.left[rank];
	}
	return quota;
}

/* Asked for each edge in turn, from a fresh quota. */
static bool is_written(struct quota *quota, const struct link *link)
{
	size_t *left = &quota->left[rank_of(link)];
	if (*left == 0)
		return false;
	--*left;
	return true;
}

static void add_link(const struct link *link, struct text *out)
{
	const struct edge *edge = link->edge;
	text_addf(out, "  m%u %s|%u| m%u\n", edge->from, edge->type_only ? "-.->" : "-->",
		  edge->use_count, edge->to);
}

/* Adds "linkStyle 3,7 stroke:..." for those of the written edges whose tally says so. */
static void add_styles(const struct model *model, bool known, const char *style, struct text *out)
{
	size_t number = 0, styled = 0;
	struct quota quota = share_out(model);
	for (size_t i = 0; i < model->link_count; i++) {
		const struct tally *tally = &model->links[i].tally;
		bool fresh = tally->errors + tally->warnings > 0;
		if (!is_written(&quota, &model->links[i]))
			continue;
		if (known ? !fresh && tally->known : fresh)
			text_addf(out, "%s%zu", styled++ ? "," : "  linkStyle ", number);
		number++;
	}
	if (styled)
		text_addf(out, " %s\n", style);
}

int draw_mermaid(const struct model *model, struct text *out, struct error *error)
{
	uint32_t layers = (uint32_t)model->picture->graph->contracts->layer_count;
	size_t left_out = 0;
	struct quota quota = share_out(model);
	text_add(out, STR("flowchart TD\n"));
	for (uint32_t layer = 0; layer <= layers; layer++)
		if (model_layer_size(model, layer) > 0)
			add_layer(model, layer, out);
	for (size_t i = 0; i < model->link_count; i++) {
		if (is_written(&quota, &model->links[i]))
			add_link(&model->links[i], out);
		else
			left_out++;
	}
	add_styles(model, false, "stroke:#c5221f,color:#c5221f", out);
	add_styles(model, true, "stroke:#b06000,color:#b06000", out);
	if (left_out)
		text_addf(out, "  %%%% %zu edges are left out: Mermaid draws at most %d\n",
			  left_out, EDGE_MOST);
	return out->failed ? error_memory(error) : 0;
}
