/* SPDX-License-Identifier: Apache-2.0 */
/* Graphviz' language, for those who lay out and style by themselves. Layers are clusters, the
 * width of an edge grows with its references, type-only edges are dashed, edges with findings
 * are red, those with known findings only are orange. */
#include <math.h>

#include "picture/draw.h"

/* A string of the language: only '"' and '\' are special; line ends become blanks. */
static void add_quoted(struct text *out, struct str text)
{
	text_add_byte(out, '"');
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];
		if (byte == '"' || byte == '\\')
			text_add_byte(out, '\\');
		text_add_byte(out, (unsigned char)byte < ' ' ? ' ' : byte);
	}
	text_add_byte(out, '"');
}

static void add_node(const struct model *model, uint32_t node, struct text *out)
{
	const struct node *about = &model->nodes[node];
	text_addf(out, "\t\tm%u [label=", node);
	add_quoted(out, about->module->name);
	if (about->module->owner.length) {
		text_add(out, STR(", tooltip="));
		add_quoted(out, about->module->owner);
	}
	text_add(out, STR("];\n"));
}

static void add_layer(const struct model *model, uint32_t layer, struct text *out)
{
	const struct contracts *contracts = model->picture->graph->contracts;
	bool named = layer < contracts->layer_count;
	text_addf(out, "\tsubgraph %slayer%u {\n", named ? "cluster_" : "", layer);
	if (named) {
		text_add(out, STR("\t\tlabel="));
		add_quoted(out, contracts->layers[layer].name.text);
		text_add(out, STR(";\n"));
	}
	for (uint32_t i = 0; i < model->node_count; i++)
		if (model_layer(model, model->order[i]) == layer)
			add_node(model, model->order[i], out);
	text_add(out, STR("\t}\n"));
}

static const char *color_of(const struct tally *tally)
{
	if (tally->errors + tally->warnings)
		return ", color=\"#c5221f\", fontcolor=\"#c5221f\"";
	return tally->known ? ", color=\"#b06000\", fontcolor=\"#b06000\"" : "";
}

/* An xlabel is put beside the edge once that is drawn; of many labels dot 2.43 loses edges. */
static void add_link(const struct link *link, struct text *out)
{
	const struct edge *edge = link->edge;
	text_addf(out, "\tm%u -> m%u [xlabel=\"%u\", penwidth=%.1f%s%s];\n", edge->from, edge->to,
		  edge->use_count, 1 + log10((double)edge->use_count),
		  edge->type_only ? ", style=dashed" : "", color_of(&link->tally));
}

int draw_dot(const struct model *model, struct text *out, struct error *error)
{
	uint32_t layers = (uint32_t)model->picture->graph->contracts->layer_count;
	text_add(out, STR("digraph modules {\n"
			  "\tnode [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
			  "\tedge [fontname=\"sans-serif\", fontsize=9];\n"));
	for (uint32_t layer = 0; layer <= layers; layer++)
		if (model_layer_size(model, layer) > 0)
			add_layer(model, layer, out);
	for (size_t i = 0; i < model->link_count; i++)
		add_link(&model->links[i], out);
	text_add(out, STR("}\n"));
	return out->failed ? error_memory(error) : 0;
}
