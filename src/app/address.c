/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to listen on, before anything listens there. */
#include "app/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* The length of the address; 0: it is none. */
static socklen_t read_number(const char *text, uint16_t port, union address *out)
{
	*out = (union address){0};
	if (inet_pton(AF_INET, text, &out->four.sin_addr) == 1) {
		out->four.sin_family = AF_INET;
		out->four.sin_port = htons(port);
		return sizeof out->four;
	}
	if (inet_pton(AF_INET6, text, &out->six.sin6_addr) == 1) {
		out->six.sin6_family = AF_INET6;
		out->six.sin6_port = htons(port);
		return sizeof out->six;
	}
	return 0;
}

bool address_is_number(struct str address)
{
	char text[INET6_ADDRSTRLEN];
	union address out;
	if (address.length >= sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", STR_ARG(address));
	return read_number(text, 0, &out) > 0;
}

static bool find_holder(const char *address, uint16_t port, char *out, size_t size)
{
	return address[0] == '/' ? process_at_socket(address, out, size)
				 : process_at_port(port, out, size);
}

ash_status address_refused(const char *address, uint16_t port, const struct error *error,
			   struct fault *fault)
{
	char holder[PROCESS_SIZE];
	if (error->code == ERROR_BUSY && find_holder(address, port, holder, sizeof holder))
		return fault_set(fault, ASH_ALREADY_EXISTS, "%s: %s has it", error->message,
				 holder);
	if (error->code == ERROR_BUSY)
		return fault_set(fault, ASH_ALREADY_EXISTS, "%s", error->message);
	return fault_set(fault,
			 error->code == ERROR_MEMORY ? ASH_RESOURCE_EXHAUSTED : ASH_UNAVAILABLE,
			 "%s", error->message);
}

ash_status address_look(const char *address, uint16_t port, struct fault *fault)
{
	union address at;
	struct error error;
	int on = 1;
	socklen_t length = port ? read_number(address, port, &at) : 0;
	if (length == 0)
		return ASH_OK;
	int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool fine = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		    bind(fd, &at.any, length) == 0;
	if (!fine)
		error_set(&error, errno == EADDRINUSE ? ERROR_BUSY : ERROR_IO,
			  "cannot listen on %s port %u: %s", address, port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return fine ? ASH_OK : address_refused(address, port, &error, fault);
}
