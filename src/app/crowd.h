/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_CROWD_H
#define APP_CROWD_H

#include "http/server.h"
#include "telemetry/log.h"

/* How many clients an application lets in, so that its store and its workers find open files, too;
 * and what the log is told of those that it turns away. */

/* Connections over HTTP at once, of a process that may have `files` open (descriptors_limit()) and
 * that has up to `store` connections to its store and `other` files for whatever else it knows of.
 * Never 0. */
uint32_t crowd_bound(uint32_t files, unsigned store, unsigned other);

/* For http_server_options.tell: `logger` is a struct logger. */
void crowd_tell(void *logger, const struct http_turned_away *turned);

/* Logs that the bound is low because few files may be open; nothing where it is not low. */
void crowd_tell_bound(const struct logger *logger, uint32_t bound, uint32_t files);

#endif
