/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are part of the program, below "/". */
#include "app/host.h"

static void answer(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	const struct host *host = context;
	http_asset_answer(host->assets, host->app->asset_count, exchange,
			  http_param(match, STR("path")));
}

int host_add_assets(struct host *host, struct error *error)
{
	const ash_app *app = host->app;
	if (app->asset_count == 0)
		return 0;
	host->assets = arena_array(&host->arena, app->asset_count, sizeof *host->assets);
	if (!host->assets)
		return error_memory(error);
	for (size_t i = 0; i < app->asset_count; i++) {
		const ash_asset *asset = &app->assets[i];
		host->assets[i] = (struct http_asset){
			asset->path, NULL, {asset->content, asset->length}, asset->etag};
	}
	return http_router_add(host->router, "GET", "/{path...}", answer, host, error);
}
