/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SECURE_H
#define APP_SECURE_H

#include "app/settings.h"
#include "base/fault.h"
#include "http/tls.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

/* TLS of this process: its files, and a thread that sees when they are replaced. */
struct secure;

/* Reads the files that settings name, and holds them against the placement. `*out` belongs to
 * the caller, and is NULL where neither settings nor addresses speak of TLS. Errors, with file
 * and place: those of http_tls_new(), ERROR_NOT_FOUND (a file is not there), ERROR_INVALID (an
 * address, an identity or a setting that does not go with the others). */
int secure_load(const struct settings *settings, struct http_tls **out,
		struct error *error) must_check;

/* http_tls_judge(), told with the place of the setting. */
int secure_judge(const struct settings *settings, struct http_tls *tls, int64_t now,
		 struct error *error) must_check;

/* Loads, warns of a certificate that is not good now, and starts the thread. `*out` belongs to the
 * caller, NULL as with secure_load(). `logger` and `metrics` must outlive it. Errors:
 * ASH_FAILED_PRECONDITION (a mistake), ASH_UNAVAILABLE (a file cannot be read),
 * ASH_RESOURCE_EXHAUSTED. */
ash_status secure_start(const struct settings *settings, const struct logger *logger,
			struct metrics *metrics, struct secure **out,
			struct fault *fault) ASH_MUST_CHECK;

/* What servers and clients are given; NULL for NULL. */
struct http_tls *secure_tls(const struct secure *secure);

/* Has all files read again soon. Takes NULL. Any thread. */
void secure_reload(struct secure *secure);

/* Ends the thread and frees; no server or client may use it any more. Takes NULL. */
void secure_free(struct secure *secure);

#endif
