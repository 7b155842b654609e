/* SPDX-License-Identifier: Apache-2.0 */
/* The map as SVG: bands of layers, then links, then modules on top of them. Looks are in
 * page/map.css; here are only places, texts and classes. Whatever comes from the tree goes
 * through text_add_xml(). */
#include "picture/map.h"

#include <math.h>

#include "base/utf8.h"
#include "picture/page.h"

static uint32_t findings_of(const struct tally *tally)
{
	return tally->errors + tally->warnings;
}

static struct str name_of(const struct model *model, uint32_t node)
{
	return model->nodes[node].module->name;
}

static void add_plural(struct text *out, uint64_t count, const char *noun)
{
	text_addf(out, "%llu %s%s", (unsigned long long)count, noun, count == 1 ? "" : "s");
}

static void add_tally(struct text *out, const struct tally *tally)
{
	if (findings_of(tally)) {
		text_add(out, STR(", "));
		add_plural(out, findings_of(tally), "finding");
	}
	if (tally->known)
		text_addf(out, ", %u known", tally->known);
}

static void add_bands(const struct model *model, const struct layout *layout, struct text *out)
{
	const struct contracts *contracts = model->picture->graph->contracts;
	text_add(out, STR("<g class=\"bands\">\n"));
	for (uint32_t i = 0; i < layout->band_count; i++) {
		const struct band *band = &layout->bands[i];
		text_addf(out,
			  "<rect x=\"0\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"6\"/>"
			  "<text x=\"16\" y=\"%.1f\">",
			  band->top, layout->width, band->bottom - band->top, band->top + 24);
		text_add_xml(out, band->layer < contracts->layer_count
					  ? contracts->layers[band->layer].name.text
					  : STR("no layer"));
		text_add(out, STR("</text>\n"));
	}
	text_add(out, STR("</g>\n"));
}

static const char *kind_of(const struct link *link)
{
	if (findings_of(&link->tally))
		return "broken";
	if (link->tally.known)
		return "known";
	return link->back ? "cycle" : "plain";
}

static void add_path(const struct layout *layout, const struct curve *curve, struct text *out)
{
	for (uint32_t i = 0; i < curve->count; i++) {
		const struct point *point = &layout->points[curve->first + i];
		text_addf(out, "%s%.1f %.1f",
			  i == 0       ? "M"
			  : i % 3 == 1 ? "C"
				       : " ",
			  point->x, point->y);
	}
}

static void add_link(const struct model *model, const struct layout *layout, size_t number,
		     bool interactive, struct text *out)
{
	const struct link *link = &model->links[number];
	const struct edge *edge = link->edge;
	text_addf(out, "<g class=\"link %s%s%s\"", kind_of(link), edge->type_only ? " types" : "",
		  link->drawn ? "" : " minor");
	if (interactive)
		text_addf(out, " data-link=\"%zu\"", number);
	text_add(out, STR("><title>"));
	text_add_xml(out, name_of(model, edge->from));
	text_add(out, STR(" → "));
	text_add_xml(out, name_of(model, edge->to));
	text_add(out, STR(": "));
	add_plural(out, edge->use_count, "reference");
	text_add(out, edge->type_only ? STR(", types only") : STR(""));
	add_tally(out, &link->tally);
	text_addf(out, "</title><path stroke-width=\"%.1f\" marker-end=\"url(#arrow-%s)\" d=\"",
		  1 + 0.9 * log10((double)edge->use_count), kind_of(link));
	add_path(layout, &layout->curves[number], out);
	text_add(out, STR("\"/></g>\n"));
}

/* The name, or an ellipsis and its end. */
static void add_short_name(struct text *out, struct str name)
{
	uint32_t count = utf8_count(name);
	if (count > LAYOUT_NAME_LIMIT) {
		uint32_t skip = count - LAYOUT_NAME_LIMIT + 1;
		while (skip > 0 && name.length) {
			size_t length = utf8_length(name);
			name = str_from(name, length ? length : 1);
			skip--;
		}
		text_add(out, STR("…"));
	}
	text_add_xml(out, name);
}

static void add_node_label(const struct model *model, uint32_t number, struct text *out)
{
	const struct node *node = &model->nodes[number];
	text_add_xml(out, node->module->name);
	if (node->module->owner.length) {
		text_add(out, STR(", owner "));
		text_add_xml(out, node->module->owner);
	}
	text_add(out, STR(", "));
	add_plural(out, node->files, "file");
	if (model->group_size[node->group] > 1)
		text_addf(out, ", in a cycle of %u modules", model->group_size[node->group]);
	add_tally(out, &node->tally);
}

/* The number of findings, in a disc on the upper right corner. */
static void add_badge(const struct node *node, const struct spot *spot, struct text *out)
{
	uint32_t fresh = findings_of(&node->tally);
	if (fresh + node->tally.known == 0)
		return;
	uint32_t count = fresh ? fresh : node->tally.known;
	double width = 11 + 6.5 * (1 + floor(log10(count)));
	text_addf(out,
		  "<g class=\"badge %s\" transform=\"translate(%.1f %.1f)\"><rect x=\"%.1f\" "
		  "y=\"-9\" width=\"%.1f\" height=\"18\" rx=\"9\"/><text>%u</text></g>",
		  fresh ? "broken" : "known", spot->width / 2 - 8, -spot->height / 2, -width / 2,
		  width, count);
}

static void add_node(const struct model *model, const struct layout *layout, uint32_t number,
		     bool interactive, struct text *out)
{
	const struct node *node = &model->nodes[number];
	const struct spot *spot = &layout->spots[number];
	text_addf(out, "<g class=\"node%s\" transform=\"translate(%.1f %.1f)\"",
		  model->group_size[node->group] > 1 ? " cycle" : "", spot->centre.x,
		  spot->centre.y);
	if (interactive) {
		text_addf(out, " data-node=\"%u\" tabindex=\"0\" role=\"button\" aria-label=\"",
			  node->place);
		add_node_label(model, number, out);
		text_add_byte(out, '"');
	}
	text_add(out, STR("><title>"));
	add_node_label(model, number, out);
	text_addf(
		out,
		"</title><rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
		"rx=\"7\"/><text class=\"name\" y=\"-3\">",
		-spot->width / 2, -spot->height / 2, spot->width, spot->height);
	add_short_name(out, node->module->name);
	text_add(out, STR("</text><text class=\"sub\" y=\"14\">"));
	if (node->module->owner.length)
		add_short_name(out, node->module->owner);
	else
		add_plural(out, node->files, "file");
	text_add(out, STR("</text>"));
	add_badge(node, spot, out);
	text_add(out, STR("</g>\n"));
}

static void add_markers(struct text *out)
{
	static const char *const KINDS[] = {"plain", "cycle", "known", "broken", "near"};
	text_add(out, STR("<defs>"));
	for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
		text_addf(out,
			  "<marker id=\"arrow-%s\" class=\"%s\" viewBox=\"0 0 8 8\" refX=\"7.5\" "
			  "refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
			  "markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
			  "<path d=\"M0 .6 8 4 0 7.4Z\"/></marker>",
			  KINDS[i], KINDS[i]);
	text_add(out, STR("</defs>\n"));
}

static void add_head(const struct model *model, const struct layout *layout, bool interactive,
		     struct text *out)
{
	text_addf(out,
		  "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"map\" "
		  "viewBox=\"0 0 %.0f %.0f\" ",
		  layout->width, layout->height);
	if (interactive)
		text_add(out, STR("role=\"group\" aria-label=\"Module map\">\n"));
	else
		text_addf(out, "width=\"%.0f\" height=\"%.0f\" role=\"img\">\n<title>Modules of ",
			  layout->width, layout->height);
	if (interactive)
		return;
	text_add_xml(out, model->picture->title);
	text_add(out, STR("</title>\n<style>\n"));
	text_add_xml(out, MAP_CSS);
	text_add(out, STR("</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"));
}

void map_write(const struct model *model, const struct layout *layout, bool interactive,
	       struct text *out)
{
	add_head(model, layout, interactive, out);
	add_markers(out);
	text_add(out, STR("<g class=\"world\">\n"));
	if (layout->band_count)
		add_bands(model, layout, out);
	text_add(out, STR("<g class=\"links\">\n"));
	for (size_t i = 0; i < model->link_count; i++)
		if (layout->curves[i].count && (interactive || model->links[i].drawn))
			add_link(model, layout, i, interactive, out);
	text_add(out, STR("</g>\n<g class=\"nodes\">\n"));
	for (uint32_t i = 0; i < model->node_count; i++)
		if (model->nodes[model->order[i]].shown)
			add_node(model, layout, model->order[i], interactive, out);
	text_add(out, STR("</g>\n</g>\n</svg>\n"));
}
