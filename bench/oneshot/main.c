/* SPDX-License-Identifier: Apache-2.0 */
/* The other way to serve handlers that block, to be measured beside the server's: THREADS threads
 * share one epoll, each event is given to one of them and armed again after its response
 * (EPOLLONESHOT). Only as much HTTP as wrk speaks, and none of what a server must refuse.
 *
 *     oneshot PORT        GET / at once, GET /slow after 5 ms; runs until a SIGTERM comes */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 16, REQUEST_LIMIT = 4096, BACKLOG = 1024 };

/* 200 bytes of JSON, as the server of tests/http/ sends. */
#define DOTS "........................................................"
#define BODY "{\"message\":\"hello\",\"padding\":\"" DOTS DOTS DOTS "\"}"
static const char RESPONSE[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			       "Content-Length: 200\r\n\r\n" BODY;

struct server {
	int epoll;
	int listener;
};

static void arm(int epoll, int how, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
	if (epoll_ctl(epoll, how, fd, &event) < 0)
		close(fd);
}

static void accept_one(const struct server *server)
{
	int one = 1, fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		arm(server->epoll, EPOLL_CTL_ADD, fd);
	}
	arm(server->epoll, EPOLL_CTL_MOD, server->listener);
}

/* One request comes in one piece from wrk. */
static void answer(const struct server *server, int fd)
{
	char request[REQUEST_LIMIT];
	ssize_t got = recv(fd, request, sizeof request, 0);
	if (got < 10) {
		close(fd);
		return;
	}
	if (memcmp(request, "GET /slow ", 10) == 0)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	if (send(fd, RESPONSE, sizeof RESPONSE - 1, MSG_NOSIGNAL) != sizeof RESPONSE - 1)
		close(fd);
	else
		arm(server->epoll, EPOLL_CTL_MOD, fd);
}

static void *serve(void *pointer)
{
	const struct server *server = pointer;
	for (struct epoll_event event;;) {
		if (epoll_wait(server->epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.fd == server->listener)
			accept_one(server);
		else
			answer(server, event.data.fd);
	}
	return NULL;
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct server server = {.epoll = epoll_create1(EPOLL_CLOEXEC),
				.listener = listen_on((uint16_t)(argc > 1 ? atoi(argv[1]) : 0))};
	pthread_t thread;
	if (server.epoll < 0 || server.listener < 0) {
		perror("oneshot");
		return 1;
	}
	arm(server.epoll, EPOLL_CTL_ADD, server.listener);
	for (int i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, serve, &server) != 0)
			return 1;
	serve(&server);
	return 0;
}
