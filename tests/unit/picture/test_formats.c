/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <expat.h>
#include <gvc.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fixture.h"
#include "picture/data.h"
#include "picture/layout.h"

static struct fixture fixture;

/* Graphviz keeps some memory to the end. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libgvc\nleak:libcgraph\nleak:libgvplugin\n";
}

static const struct fixture_edge EDGES[] = {
	{0, 1, 12, false}, {0, 2, 1, true}, {1, 2, 100, false}, {2, 0, 1, false}, {0}};

/* Names that every format must escape. */
static void init_hostile(void)
{
	fixture_init(&fixture, 4, EDGES);
	fixture.modules[0].name = STR("a \"quoted\\\" <b> & `c`;#\n[d]{e}|f");
	fixture.modules[1].name = STR("]]></script><!--\xFF");
	fixture.modules[2].owner = STR("日本 <team>");
	assert_true(map_put(&fixture.contracts.by_name, fixture.modules[0].name, 0));
	fixture_find(&fixture, "dependency", 2, 0);
}

static void dot_is_read_by_graphviz(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text out = {0};
	init_hostile();
	fixture_draw(&fixture, "dot", &out);
	Agraph_t *graph = agmemread(out.at);
	assert_non_null(graph);
	assert_int_equal(4, agnnodes(graph));
	assert_int_equal(4, agnedges(graph));
	char name[] = "m0", label[] = "label";
	/* The backslash stays doubled until the label is drawn. */
	assert_string_equal("a \"quoted\\\\\" <b> & `c`;# [d]{e}|f",
			    agget(agnode(graph, name, 0), label));
	agclose(graph);
	fixture_release(&fixture);
}

static void mermaid_escapes_its_labels(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text out = {0};
	init_hostile();
	fixture_draw(&fixture, "mermaid", &out);
	assert_non_null(strstr(out.at, "m0[\"a #34;quoted#92;#34; #60;b#62; #38; #96;c#96;#59;#35;"
				       "#32;#91;d#93;#123;e#125;#124;f\"]\n"));
	assert_non_null(strstr(out.at, "  m0 -.->|1| m2\n"));
	assert_non_null(strstr(out.at, "  linkStyle 3 stroke:"));
	fixture_release(&fixture);
}

struct counted {
	int nodes;
	int links;
	int depth;
};

static void meet(void *context, const char *name, const char **attributes)
{
	struct counted *counted = context;
	counted->depth++;
	for (size_t i = 0; strcmp(name, "g") == 0 && attributes[i]; i += 2) {
		if (strcmp(attributes[i], "class") != 0)
			continue;
		counted->nodes += strncmp(attributes[i + 1], "node", 4) == 0 &&
				  strcmp(attributes[i + 1], "nodes") != 0;
		counted->links += strncmp(attributes[i + 1], "link ", 5) == 0;
	}
}

static struct counted read_svg(const struct text *svg)
{
	struct counted counted = {0};
	XML_Parser parser = XML_ParserCreate(NULL);
	XML_SetUserData(parser, &counted);
	XML_SetStartElementHandler(parser, meet);
	if (XML_Parse(parser, svg->at, (int)svg->length, 1) != XML_STATUS_OK)
		fail_msg("line %lu: %s", XML_GetCurrentLineNumber(parser),
			 XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	return counted;
}

static void svg_is_well_formed_and_whole(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text out = {0};
	init_hostile();
	fixture_draw(&fixture, "svg", &out);
	struct counted counted = read_svg(&out);
	assert_int_equal(4, counted.nodes);
	assert_int_equal(4, counted.links);
	assert_non_null(strstr(out.at, "prefers-color-scheme: dark"));
	fixture_release(&fixture);
}

static void html_cannot_be_broken_out_of(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text out = {0};
	size_t scripts = 0;
	init_hostile();
	fixture_draw(&fixture, "html", &out);
	for (const char *at = out.at; (at = strstr(at, "</script")); at++)
		scripts++;
	assert_int_equal(2, scripts);
	assert_null(strstr(out.at, "<!--"));
	assert_null(strstr(out.at, "{{"));
	assert_non_null(strstr(out.at, "<title>a &lt;title&gt; &amp; more: modules</title>"));
	assert_non_null(strstr(out.at, "Content-Security-Policy\" content=\"default-src 'none'"));
	fixture_release(&fixture);
}

static void data_is_json_and_names_lines_left_out(void **state)
{
	(void)state;
	struct model model;
	struct error error;
	json_error_t json_error;
	_cleanup_(text_release) struct text out = {0};
	init_hostile();
	assert_int_equal(0, model_build(&fixture.picture, &model, &error));
	assert_int_equal(0, data_write(&model, &out, &error));
	_cleanup_(json_decrefp) json_t *data = json_loadb(out.at, out.length, 0, &json_error);
	assert_non_null(data);
	json_t *link = json_array_get(json_object_get(data, "links"), 2);
	assert_int_equal(100, json_integer_value(json_array_get(link, 2)));
	assert_int_equal(4 * PICTURE_EDGE_LINE_LIMIT, json_array_size(json_array_get(link, 9)));
	assert_int_equal(1, json_array_size(json_object_get(data, "findings")));
	assert_null(memchr(out.at, '<', out.length));
	model_release(&model);
	fixture_release(&fixture);
}

static void layout_keeps_layers_apart(void **state)
{
	(void)state;
	static const struct fixture_edge LAYERED[] = {{0, 1, 1}, {1, 4, 1}, {2, 3, 1},
						      {3, 0, 1}, {4, 5, 1}, {0}};
	static const uint32_t LAYERS[] = {0, 0, 1, 1, 2, 2};
	struct model model;
	struct layout layout;
	struct error error;
	fixture_init(&fixture, 6, LAYERED);
	fixture_layers(&fixture, 3, LAYERS);
	assert_int_equal(0, model_build(&fixture.picture, &model, &error));
	assert_int_equal(0, layout_build(&model, &layout, &error));
	assert_int_equal(3, layout.band_count);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(i, layout.bands[i].layer);
		assert_true(layout.bands[i].top < layout.bands[i].bottom);
		assert_true(i == 0 || layout.bands[i - 1].bottom < layout.bands[i].top);
	}
	layout_release(&layout);
	model_release(&model);
	fixture_release(&fixture);
}

/* Every module uses the 12 after it, some of those before it too: more than any real graph. */
static void layout_of_a_dense_graph_ends_soon(void **state)
{
	(void)state;
	static struct fixture_edge edges[FIXTURE_EDGES];
	size_t count = 0;
	uint32_t seed = 7;
	for (uint32_t i = 0; i < 300; i++) {
		for (uint32_t j = 0; j < 300; j++) {
			seed = seed * 1664525u + 1013904223u;
			if (i != j && (seed >> 16) % 1000 < (j > i ? 60u : 4u))
				edges[count++] = (struct fixture_edge){i, j, 1 + seed % 2, false};
		}
	}
	assert_true(count > 2500 && count < FIXTURE_EDGES);
	struct text out = {0};
	fixture_init(&fixture, 300, edges);
	uint64_t start = clock_monotonic();
	fixture_draw(&fixture, "svg", &out);
	assert_true(clock_monotonic() - start < UINT64_C(60000000000));
	assert_int_equal(300, read_svg(&out).nodes);
	text_release(&out);
	fixture_release(&fixture);
}

static void draws_a_tree_without_modules(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"dot", "mermaid", "svg", "html"};
	static const struct fixture_edge NONE[] = {{0}};
	fixture_init(&fixture, 0, NONE);
	for (size_t i = 0; i < 4; i++) {
		_cleanup_(text_release) struct text out = {0};
		assert_string_equal(NAMES[i], picture_format_name(i));
		fixture_draw(&fixture, NAMES[i], &out);
		assert_true(out.length > 10);
	}
	assert_null(picture_format_name(4));
	assert_null(picture_format_named(STR("png")));
	fixture_release(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dot_is_read_by_graphviz),
		cmocka_unit_test(mermaid_escapes_its_labels),
		cmocka_unit_test(svg_is_well_formed_and_whole),
		cmocka_unit_test(html_cannot_be_broken_out_of),
		cmocka_unit_test(data_is_json_and_names_lines_left_out),
		cmocka_unit_test(layout_keeps_layers_apart),
		cmocka_unit_test(layout_of_a_dense_graph_ends_soon),
		cmocka_unit_test(draws_a_tree_without_modules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
