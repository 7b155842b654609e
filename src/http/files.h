/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct http_exchange;

/* Static files, of a folder or compiled into the program. GET and HEAD; ETag, Last-Modified and
 * 304; one byte range; "index.html" for a folder; a type by the name's extension. */

/* The media type of a file name; "application/octet-stream" for one that is not known. */
struct str http_media_type(struct str name);

/* A folder whose files are served. */
struct http_folder {
	int fd;
};

/* Opens a folder. Errors: ERROR_NOT_FOUND, ERROR_IO. */
int http_folder_open(struct http_folder *folder, const char *path, struct error *error) must_check;
/* Closes it; takes one that was never opened, if `fd` is -1. */
void http_folder_close(struct http_folder *folder);

/* Answers with the file at `path` below the folder, unescaped, without a leading '/', as a route
 * "/{path...}" yields it. Links are followed as long as they stay below the folder, where the
 * system has openat2() (Linux 5.6); else they are 404. 404 for what
 * is no regular file, for what would lead outside, and for a part that starts with '.', other
 * than ".well-known"; 301 to the path with a '/' for a folder without. */
void http_folder_answer(const struct http_folder *folder, struct http_exchange *exchange,
			struct str path);

/* A file that is a part of the program. */
struct http_asset {
	const char *path; /* as in http_folder_answer(); "index.html" answers "" too */
	const char *type; /* media type; NULL: by the extension */
	struct str content;
	const char *etag; /* without quotes, changes with the content */
};

/* Answers with the asset at `path`, or 404. The assets' memory must stay for ever. */
void http_asset_answer(const struct http_asset *assets, size_t count,
		       struct http_exchange *exchange, struct str path);

#endif
