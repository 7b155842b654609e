/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_PROBLEM_H
#define APP_PROBLEM_H

#include "http/exchange.h"
#include "http/problem.h"
#include "port/call.h"

/* Makes the response the problem of a request that failed, as request->fault tells, with the member
 * "trace_id". `http_status` overrides the one of the call's status; 0: that one. */
void problem_answer(struct http_exchange *exchange, const struct request *request, int http_status);

#endif
