/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which process has what is wanted here: asked of the system (Linux's /proc), so there is no file
 * of pids that could be left behind or lie. Others' processes are seen by root only. */

/* Bytes that hold any answer. */
#define PROCESS_SIZE 128

/* Who listens on a TCP port of this machine: "process 4711 (shop), there since
 * 2026-11-21T09:27:31Z", cut at `size`. False: nobody who can be seen. */
bool process_at_port(uint16_t port, char *out, size_t size);

/* The same of who listens on the Unix socket of that absolute path. */
bool process_at_socket(const char *path, char *out, size_t size);

/* The same of another process that has the file open. */
bool process_with_file(const char *path, char *out, size_t size);

/* The same of the one that has locked this byte of the file for itself, by fcntl(). */
bool process_with_lock(const char *path, long byte, char *out, size_t size);

/* This one, for others to read: "shop, process 4711 on HOST". */
void process_here(char *out, size_t size);

#endif
