/* SPDX-License-Identifier: Apache-2.0 */
/* Where a client connects to, and connecting. Knows no pool and no HTTP but the URL. */
#include <arpa/inet.h>
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
	struct sockaddr_un *at = (struct sockaddr_un *)(void *)&client->addresses.items[0].at;
	const char *path = address + strlen("unix:");
	if (*path != '/' || strlen(path) >= sizeof at->sun_path)
		return no_address(address, "the path is not absolute, or too long", fault);
	at->sun_family = AF_UNIX;
	memcpy(at->sun_path, path, strlen(path) + 1);
	client->addresses.items[0].length = sizeof *at;
	client->addresses.count = 1;
	memcpy(client->host, "localhost", sizeof "localhost");
	return ASH_OK;
}

/* Cuts "name:80", "name" or "[::1]:80" in two, the port `normal` without one; false when it is
 * none of them. */
static bool cut_host(struct str host, struct str normal, struct str *name, struct str *port)
{
	*port = normal;
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

static bool is_numeric(const char *name)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* An address means the same for ever and is read at once; a name is looked up beside the calls. */
static ash_status read_host(struct http_client *client, const char *name, const char *port,
			    struct fault *fault)
{
	if (!is_numeric(name)) {
		memcpy(client->name_part, name, strlen(name) + 1);
		memcpy(client->port_part, port, strlen(port) + 1);
		return ASH_OK;
	}
	int code = client_look_up(getaddrinfo, name, port, &client->addresses);
	if (code == EAI_MEMORY)
		return fault_memory(fault);
	return code ? no_address(client->name, gai_strerror(code), fault) : ASH_OK;
}

/* What the certificate of the remote must be of. */
static bool expect_name(struct http_client *client, const char *host)
{
	const char *name = client->options.tls_name ? client->options.tls_name : host;
	client->options.tls_name = client->shown;
	return (size_t)snprintf(client->shown, sizeof client->shown, "%s", name) <
	       sizeof client->shown;
}

ash_status client_address_read(struct http_client *client, const char *address, struct fault *fault)
{
	char name[CLIENT_NAME_LIMIT], port[CLIENT_PORT_SIZE];
	struct str host, name_part, port_part;
	if (strlen(address) >= CLIENT_NAME_LIMIT)
		return no_address(address, "it is too long", fault);
	memcpy(client->name, address, strlen(address) + 1);
	if (strncmp(address, "unix:", 5) == 0)
		return read_unix(client, address, fault);
	client->secure = strncmp(address, "https://", 8) == 0;
	if (!client->secure && strncmp(address, "http://", 7) != 0)
		return no_address(address,
				  "it does not begin with http://, https:// or unix:", fault);
	if (client->secure && !client->options.tls)
		return no_address(address, "for https it is not said whom to believe", fault);
	host = str_of(address + (client->secure ? 8 : 7));
	if (str_ends(host, STR("/")))
		host.length--;
	if (!http_chars_all(host, HTTP_CHAR_HOST) ||
	    !cut_host(host, client->secure ? STR("443") : STR("80"), &name_part, &port_part))
		return no_address(address, "the host is none", fault);
	if (port_part.length >= sizeof port)
		return no_address(address, "the port is none", fault);
	(void)snprintf(client->host, sizeof client->host, "%.*s", STR_ARG(host));
	(void)snprintf(name, sizeof name, "%.*s", STR_ARG(name_part));
	memcpy(client->server, name, sizeof name);
	if (!expect_name(client, name))
		return no_address(address, "the name to be shown is too long", fault);
	(void)snprintf(port, sizeof port, "%.*s", STR_ARG(port_part));
	if (!is_port(port))
		return no_address(address, "the port is none", fault);
	return read_host(client, name, port, fault);
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

/* Reads of a socket that is connected may wait, for a while; all else says MSG_DONTWAIT. */
static int let_wait(int fd, int family)
{
	const struct timeval slice = {.tv_usec = CLIENT_SLICE_US};
	const int on = 1;
	if (fcntl(fd, F_SETFL, 0) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice) != 0)
		return errno;
	if (family != AF_UNIX && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
		return errno;
	return 0;
}

static int connect_to(struct client_call *call, const struct client_address *to, uint64_t until)
{
	int family = to->at.ss_family;
	call->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (call->fd < 0)
		return errno;
	int code = 0;
	if (connect(call->fd, (const struct sockaddr *)&to->at, to->length) != 0)
		code = errno;
	if (code == EINPROGRESS || code == EINTR)
		code = await_connection(call, until);
	if (!code)
		code = let_wait(call->fd, family);
	if (!code && call->client->secure)
		code = client_shake(call, until);
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

/* What is known of the name by `until`; `*count` is 0 where that is nothing. */
static ash_status find(struct client_call *call, uint64_t until, struct client_addresses *out,
		       const char **why)
{
	struct http_client *client = call->client;
	client_lookup_await(call, until);
	(void)pthread_mutex_lock(&client->lock);
	*out = client->addresses;
	int unknown = client->unknown;
	bool begun = client->lookup != NULL;
	(void)pthread_mutex_unlock(&client->lock);
	if (out->count)
		return ASH_OK;
	if (!unknown && !begun)
		return fault_set(call->fault, ASH_RESOURCE_EXHAUSTED,
				 "%s: no memory, or no thread, to look up %s", client->name,
				 client->name_part);
	if (!unknown && clock_monotonic() >= call->request->deadline)
		return fault_set(call->fault, ASH_DEADLINE_EXCEEDED,
				 "%s: the deadline passed while %s was looked up", client->name,
				 client->name_part);
	*why = unknown ? gai_strerror(unknown) : "no answer in time";
	return fault_set(call->fault, ASH_UNAVAILABLE, "%s: looking up %s: %s", client->name,
			 client->name_part, *why);
}

ash_status client_connect(struct client_call *call, const char **why)
{
	struct http_client *client = call->client;
	uint64_t deadline = call->request->deadline, start = clock_monotonic();
	uint64_t until = start + client->options.connect_ns;
	struct client_addresses addresses;
	int failed = 0;
	if (until > deadline)
		until = deadline;
	ASH_TRY(find(call, until, &addresses, why));
	for (size_t i = 0; i < addresses.count; i++) {
		failed = connect_to(call, &addresses.items[i], until);
		if (!failed || is_ours(failed) || call->given_up || clock_monotonic() >= until)
			break;
	}
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
		*why = strerrordesc_np(failed);
	if (failed == EPROTO)
		return ASH_UNAVAILABLE;
	if (failed == ETIMEDOUT && now >= deadline)
		return fault_set(call->fault, ASH_DEADLINE_EXCEEDED,
				 "%s: the deadline passed before there was a connection",
				 client->name);
	return fault_set(call->fault, ASH_UNAVAILABLE, "%s: connecting: %s", client->name,
			 strerror(failed));
}
