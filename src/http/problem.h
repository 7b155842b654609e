/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include <ashlar/status.h>

#include "base/str.h"
#include "base/text.h"

struct http_exchange;

/* Failures as problem documents (RFC 9457, application/problem+json). */

/* The HTTP status of a call that ended so, as the Connect protocol has it; 200 for ASH_OK. */
int http_status_of(ash_status status);

/* Adds {"type":"about:blank","title":...,"status":...,"detail":...,"code":...}. The title is the
 * status's own; `detail` and `code` are left out when empty. */
void http_problem_write(struct text *out, int status, struct str code, struct str detail);

/* Makes the response a problem with that HTTP status, taking back what was answered so far but
 * keeping no field. `detail` is for the client: one sentence. */
void http_problem(struct http_exchange *exchange, int status, struct str detail);

/* Makes the response the problem of a call that failed; `code` is the status's name. */
void http_problem_of(struct http_exchange *exchange, ash_status status, struct str message);

#endif
