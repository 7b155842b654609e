/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_HOLDER_H
#define APP_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which process has what is wanted here: asked of the system (Linux's /proc), so there is no file
 * of pids that could be left behind or lie. Others' processes are seen by root only. */

/* Bytes that hold any answer. */
#define HOLDER_SIZE 128

/* Who listens on a TCP port of this machine: "process 4711 (shop), there since
 * 2026-11-21T09:27:31Z", cut at `size`. False: nobody who can be seen. */
bool holder_of_port(uint16_t port, char *out, size_t size);

/* The same of another process that has the file open. */
bool holder_of_file(const char *path, char *out, size_t size);

#endif
