/* SPDX-License-Identifier: Apache-2.0 */
/* Where a client connects to, and connecting. Knows no pool and no HTTP but the URL. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/client_state.h"
#include "http/token.h"

static ash_status no_address(const char *address, const char *why, struct fault *fault)
{
	return fault_set(fault, ASH_INVALID_ARGUMENT,
			 "\"%.200s\" is no address to call: %s; try http://HOST:PORT or unix:PATH",
			 address, why);
}

static ash_status read_unix(struct http_client *client, const char *address, struct fault *fault)
{
	struct sockaddr_un *at = (struct sockaddr_un *)(void *)&client->addresses[0].at;
	const char *path = address + strlen("unix:");
	if (*path != '/' || strlen(path) >= sizeof at->sun_path)
		return no_address(address, "the path is not absolute, or too long", fault);
	at->sun_family = AF_UNIX;
	memcpy(at->sun_path, path, strlen(path) + 1);
	client->addresses[0].length = sizeof *at;
	client->address_count = 1;
	memcpy(client->host, "localhost", sizeof "localhost");
	return ASH_OK;
}

/* Cuts "name:80", "name" or "[::1]:80" in two; false when it is none of them. */
static bool cut_host(struct str host, struct str *name, struct str *port)
{
	*port = STR("80");
	if (host.length && host.at[0] == '[') {
		ptrdiff_t end = str_find(host, ']');
		if (end < 2)
			return false;
		*name = (struct str){host.at + 1, (size_t)end - 1};
		host = str_from(host, (size_t)end + 1);
		if (!host.length)
			return true;
		*port = str_from(host, 1);
		return host.at[0] == ':' && port->length > 0;
	}
	ptrdiff_t colon = str_find(host, ':');
	*name = colon < 0 ? host : str_first(host, (size_t)colon);
	if (colon >= 0)
		*port = str_from(host, (size_t)colon + 1);
	return name->length > 0 && port->length > 0;
}

static bool is_port(const char *text)
{
	size_t length = strspn(text, "0123456789");
	if (text[length] || length > 5)
		return false;
	unsigned long number = strtoul(text, NULL, 10);
	return number > 0 && number < 65536;
}

static ash_status look_up(struct http_client *client, const char *name, const char *port,
			  struct fault *fault)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(name, port, &hints, &list);
	if (code == EAI_MEMORY)
		return fault_memory(fault);
	if (code)
		return fault_set(fault, ASH_UNAVAILABLE, "%s: looking up %s: %s", client->name,
				 name, gai_strerror(code));
	for (struct addrinfo *each = list; each; each = each->ai_next) {
		if (client->address_count == CLIENT_ADDRESS_LIMIT)
			break;
		struct client_address *to = &client->addresses[client->address_count++];
		memcpy(&to->at, each->ai_addr, each->ai_addrlen);
		to->length = each->ai_addrlen;
	}
	freeaddrinfo(list);
	return ASH_OK;
}

ash_status client_address_read(struct http_client *client, const char *address, struct fault *fault)
{
	char name[CLIENT_NAME_LIMIT], port[8];
	struct str host, name_part, port_part;
	if (strlen(address) >= CLIENT_NAME_LIMIT)
		return no_address(address, "it is too long", fault);
	memcpy(client->name, address, strlen(address) + 1);
	if (strncmp(address, "unix:", 5) == 0)
		return read_unix(client, address, fault);
	if (strncmp(address, "http://", 7) != 0)
		return no_address(address, "it does not begin with http:// or unix:", fault);
	host = str_of(address + 7);
	if (str_ends(host, STR("/")))
		host.length--;
	if (!http_chars_all(host, HTTP_CHAR_HOST) || !cut_host(host, &name_part, &port_part))
		return no_address(address, "the host is none", fault);
	if (port_part.length >= sizeof port)
		return no_address(address, "the port is none", fault);
	(void)snprintf(client->host, sizeof client->host, "%.*s", STR_ARG(host));
	(void)snprintf(name, sizeof name, "%.*s", STR_ARG(name_part));
	(void)snprintf(port, sizeof port, "%.*s", STR_ARG(port_part));
	if (!is_port(port))
		return no_address(address, "the port is none", fault);
	return look_up(client, name, port, fault);
}

/* Waits until the socket is connected; 0 or an errno, ETIMEDOUT when the time is over. */
static int await_connection(struct client_call *call, uint64_t until)
{
	int code = 0;
	socklen_t length = sizeof code;
	int ready = client_poll(call, POLLOUT, until);
	if (ready == 0)
		return call->given_up ? ECANCELED : ETIMEDOUT;
	if (ready < 0 || getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &code, &length) != 0)
		return errno;
	return code;
}

static int connect_to(struct client_call *call, const struct client_address *to, uint64_t until)
{
	const int on = 1;
	int family = to->at.ss_family;
	call->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (call->fd < 0)
		return errno;
	int code = 0;
	if (connect(call->fd, (const struct sockaddr *)&to->at, to->length) != 0)
		code = errno;
	if (code == EINPROGRESS || code == EINTR)
		code = await_connection(call, until);
	if (!code && family != AF_UNIX &&
	    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
		code = errno;
	if (code) {
		(void)close(call->fd);
		call->fd = -1;
	}
	return code;
}

/* Whether a failure says nothing of the remote. */
static bool is_ours(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS;
}

ash_status client_connect(struct client_call *call, int *code)
{
	struct http_client *client = call->client;
	uint64_t deadline = call->request->deadline, start = clock_monotonic();
	uint64_t until = start + client->options.connect_ns;
	int failed = 0;
	if (until > deadline)
		until = deadline;
	for (size_t i = 0; i < client->address_count; i++) {
		failed = connect_to(call, &client->addresses[i], until);
		if (!failed || is_ours(failed) || call->given_up || clock_monotonic() >= until)
			break;
	}
	*code = 0;
	if (!failed)
		return ASH_OK;
	if (is_ours(failed))
		return fault_set(call->fault, ASH_RESOURCE_EXHAUSTED, "%s: no connection: %s",
				 client->name, strerror(failed));
	if (call->given_up)
		return fault_set(call->fault, ASH_CANCELED,
				 "%s: the caller gave up before there was a connection",
				 client->name);
	uint64_t now = clock_monotonic();
	/* A deadline that left hardly any time says nothing of the remote either. */
	if (failed != ETIMEDOUT || now - start >= client->options.backoff_ns)
		*code = failed;
	if (failed == ETIMEDOUT && now >= deadline)
		return fault_set(call->fault, ASH_DEADLINE_EXCEEDED,
				 "%s: the deadline passed before there was a connection",
				 client->name);
	return fault_set(call->fault, ASH_UNAVAILABLE, "%s: connecting: %s", client->name,
			 strerror(failed));
}
