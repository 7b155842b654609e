/* SPDX-License-Identifier: Apache-2.0 */
/* A way between processes that is as long, and as bad, as a network: forwards TCP on loopback,
 * holds each piece of bytes back for a while, counts what passes, and breaks connections by chance
 * in the middle of a piece.
 *
 *     wire DELAY_US CUT_PER_MILLION LISTEN:TARGET...     (ports of 127.0.0.1)
 *
 * Prints "ready" once it listens; on SIGTERM one line of JSON: connections, those it cut, pieces,
 * and bytes to the targets and back, for each pair of ports. The delay is constant and one for all,
 * so pieces become due in the order in which they came: one queue is enough. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"

enum { PIECE = 65536, EVENTS = 64, PAIRS_MOST = 256, HELD_MOST = 64 << 20 };

struct pair {
	int listener; /* first, as of struct end */
	uint16_t listen, target;
	unsigned long connections, cuts;
	unsigned long pieces[2], bytes[2]; /* to the target, and back */
};

/* One of the two sockets of a connection. */
struct end {
	int fd;
	bool back; /* what is read here goes back to who asked */
	struct link *link;
	struct piece *stuck, **stuck_last; /* due, but the socket does not take them */
};

struct link {
	struct end ends[2];
	struct pair *pair;
	unsigned ended;   /* directions in which all was forwarded */
	unsigned pending; /* pieces that are held back or stuck */
	bool dead;
	struct link *next; /* of those that are dead */
};

struct piece {
	struct piece *next;
	struct end *to;
	uint64_t due;
	size_t length, sent, weight;
	bool ends; /* this direction; without bytes */
	bool cut;  /* the connection breaks after it */
	char bytes[];
};

struct wire {
	int epoll, signals;
	uint64_t delay;
	uint64_t cut_per_million;
	struct piece *held, **held_last;
	size_t held_bytes;
	struct link *dead; /* freed between two batches, once no piece is theirs */
	struct pair pairs[PAIRS_MOST];
	unsigned pair_count;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(struct wire *wire, int fd, void *what, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = what};
	if (epoll_ctl(wire->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		fail("epoll_ctl");
}

static struct sockaddr_in local(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = local(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0)
		fail("listen");
	return fd;
}

static void close_link(struct wire *wire, struct link *link)
{
	link->dead = true;
	link->next = wire->dead;
	wire->dead = link;
	close(link->ends[0].fd);
	close(link->ends[1].fd);
}

/* Closes both sides at once, as a broken way does. */
static void break_off(struct wire *wire, struct link *link)
{
	struct linger hard = {.l_onoff = 1};
	if (link->dead)
		return;
	for (int i = 0; i < 2; i++)
		setsockopt(link->ends[i].fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close_link(wire, link);
}

static void free_dead(struct wire *wire)
{
	struct link **at = &wire->dead;
	while (*at) {
		struct link *link = *at;
		if (link->pending) {
			at = &link->next;
			continue;
		}
		*at = link->next;
		free(link);
	}
}

static void hold(struct wire *wire, struct end *from, const char *bytes, size_t length)
{
	struct piece *piece = malloc(sizeof *piece + length);
	struct pair *pair = from->link->pair;
	wire->held_bytes += length;
	if (!piece || wire->held_bytes > HELD_MOST)
		fail("wire: holds too much");
	bool cut = length && random_below(1000000) < wire->cut_per_million;
	*piece = (struct piece){.to = &from->link->ends[from->back ? 0 : 1],
				.due = clock_monotonic() + wire->delay,
				.length = cut ? random_below(length) : length,
				.weight = length,
				.ends = !length,
				.cut = cut};
	memcpy(piece->bytes, bytes, piece->length);
	pair->pieces[from->back]++;
	pair->bytes[from->back] += length;
	pair->cuts += cut;
	from->link->pending++;
	*wire->held_last = piece;
	wire->held_last = &piece->next;
}

/* Writes as much as the socket takes; false when it takes no more for now. */
static bool forward(struct wire *wire, struct piece *piece)
{
	while (!piece->to->link->dead && piece->sent < piece->length) {
		ssize_t sent = send(piece->to->fd, piece->bytes + piece->sent,
				    piece->length - piece->sent, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN)
			return false;
		if (sent < 0)
			break_off(wire, piece->to->link);
		else
			piece->sent += (size_t)sent;
	}
	return true;
}

static void finish(struct wire *wire, struct piece *piece)
{
	struct link *link = piece->to->link;
	if (!link->dead && piece->cut)
		break_off(wire, link);
	else if (!link->dead && piece->ends) {
		shutdown(piece->to->fd, SHUT_WR);
		if (++link->ended == 2)
			close_link(wire, link);
	}
	wire->held_bytes -= piece->weight;
	link->pending--;
	free(piece);
}

static void send_due(struct wire *wire, struct end *end)
{
	while (end->stuck && forward(wire, end->stuck)) {
		struct piece *piece = end->stuck;
		if (!(end->stuck = piece->next))
			end->stuck_last = &end->stuck;
		finish(wire, piece);
	}
}

/* Sends on what was held back long enough. */
static void release(struct wire *wire)
{
	uint64_t now = clock_monotonic();
	while (wire->held && wire->held->due <= now) {
		struct piece *piece = wire->held;
		struct end *to = piece->to;
		if (!(wire->held = piece->next))
			wire->held_last = &wire->held;
		piece->next = NULL;
		*to->stuck_last = piece;
		to->stuck_last = &piece->next;
		send_due(wire, to);
	}
}

static void read_all(struct wire *wire, struct end *end)
{
	static char bytes[PIECE];
	while (!end->link->dead) {
		ssize_t got = recv(end->fd, bytes, sizeof bytes, 0);
		if (got < 0 && errno == EAGAIN)
			return;
		if (got < 0) {
			break_off(wire, end->link);
			return;
		}
		hold(wire, end, bytes, (size_t)got);
		if (got == 0)
			return;
	}
}

static void set_up_end(struct wire *wire, struct link *link, int index, int fd)
{
	int yes = 1;
	link->ends[index] = (struct end){.fd = fd, .back = index == 1, .link = link};
	link->ends[index].stuck_last = &link->ends[index].stuck;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	watch(wire, fd, &link->ends[index], EPOLLIN | EPOLLOUT | EPOLLET);
}

static void welcome(struct wire *wire, struct pair *pair)
{
	int fd;
	while ((fd = accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct sockaddr_in address = local(pair->target);
		int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct link *link = calloc(1, sizeof *link);
		if (to < 0 || !link)
			fail("wire: a connection");
		if (connect(to, (struct sockaddr *)&address, sizeof address) < 0) {
			close(to), close(fd), free(link);
			continue;
		}
		fcntl(to, F_SETFL, O_NONBLOCK);
		link->pair = pair;
		pair->connections++;
		set_up_end(wire, link, 0, fd);
		set_up_end(wire, link, 1, to);
	}
}

static void tell(const struct wire *wire)
{
	for (unsigned i = 0; i < wire->pair_count; i++) {
		const struct pair *pair = &wire->pairs[i];
		printf("%s{\"target\": %u, \"connections\": %lu, \"cuts\": %lu, \"pieces\": [%lu, "
		       "%lu], "
		       "\"bytes\": [%lu, %lu]}",
		       i ? ", " : "[", pair->target, pair->connections, pair->cuts, pair->pieces[0],
		       pair->pieces[1], pair->bytes[0], pair->bytes[1]);
	}
	printf("]\n");
}

static int wait_for(struct wire *wire, struct epoll_event *events)
{
	if (!wire->held)
		return epoll_wait(wire->epoll, events, EVENTS, -1);
	uint64_t now = clock_monotonic(), due = wire->held->due;
	uint64_t left = due > now ? due - now : 0;
	struct timespec wait = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
	return epoll_pwait2(wire->epoll, events, EVENTS, &wait, NULL);
}

static bool is_pair(const struct wire *wire, const void *what)
{
	return (const struct pair *)what >= wire->pairs &&
	       (const struct pair *)what < wire->pairs + wire->pair_count;
}

/* False once it was told to end. */
static bool serve(struct wire *wire)
{
	struct epoll_event events[EVENTS];
	int count = wait_for(wire, events);
	if (count < 0 && errno != EINTR)
		fail("epoll_wait");
	for (int i = 0; i < count; i++) {
		void *what = events[i].data.ptr;
		if (!what)
			return false;
		if (is_pair(wire, what)) {
			welcome(wire, what);
			continue;
		}
		if (events[i].events & ~(uint32_t)EPOLLOUT)
			read_all(wire, what);
		if (events[i].events & EPOLLOUT)
			send_due(wire, what);
	}
	release(wire);
	free_dead(wire);
	return true;
}

static void set_up(struct wire *wire, int argc, char **argv)
{
	sigset_t end;
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	prctl(PR_SET_TIMERSLACK, 1);
	wire->epoll = epoll_create1(EPOLL_CLOEXEC);
	wire->signals = signalfd(-1, &end, SFD_CLOEXEC);
	wire->held_last = &wire->held;
	watch(wire, wire->signals, NULL, EPOLLIN);
	for (int i = 3; i < argc && wire->pair_count < PAIRS_MOST; i++) {
		struct pair *pair = &wire->pairs[wire->pair_count++];
		char *rest;
		pair->listen = (uint16_t)strtoul(argv[i], &rest, 10);
		pair->target = (uint16_t)strtoul(rest + (*rest == ':'), NULL, 10);
		pair->listener = listen_on(pair->listen);
		watch(wire, pair->listener, pair, EPOLLIN);
	}
}

int main(int argc, char **argv)
{
	static struct wire wire;
	if (argc < 4) {
		fprintf(stderr, "usage: %s DELAY_US CUT_PER_MILLION LISTEN:TARGET...\n", argv[0]);
		return 2;
	}
	wire.delay = strtoul(argv[1], NULL, 10) * 1000;
	wire.cut_per_million = strtoul(argv[2], NULL, 10);
	set_up(&wire, argc, argv);
	printf("ready\n");
	fflush(stdout);
	while (serve(&wire))
		;
	tell(&wire);
	return 0;
}
