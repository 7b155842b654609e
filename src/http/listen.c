/* SPDX-License-Identifier: Apache-2.0 */
/* Accepts. One shared listener, not one a reactor: the kernel spreads connections over listeners by
 * hash, which leaves one reactor with more of them than the other, and a listener that is closed
 * loses what waits in its queue. */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/claim.h"
#include "http/conn.h"
#include "http/reactor.h"
#include "http/respond.h"

enum { BACKLOG = 4096 };

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un local;
};

static int local_address(const char *path, union address *out, socklen_t *length,
			 struct error *error)
{
	if (strlen(path) >= sizeof out->local.sun_path)
		return error_set(error, ERROR_INVALID, "the path of the socket is too long: %s",
				 path);
	out->local.sun_family = AF_UNIX;
	memcpy(out->local.sun_path, path, strlen(path) + 1);
	*length = sizeof out->local;
	return 0;
}

static int read_address(const struct http_server_options *options, union address *out,
			socklen_t *length, struct error *error)
{
	const char *text = options->address;
	if (text[0] == '/')
		return local_address(text, out, length, error);
	if (inet_pton(AF_INET, text, &out->four.sin_addr) == 1) {
		out->four.sin_family = AF_INET;
		out->four.sin_port = htons(options->port);
		*length = sizeof out->four;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &out->six.sin6_addr) == 1) {
		out->six.sin6_family = AF_INET6;
		out->six.sin6_port = htons(options->port);
		*length = sizeof out->six;
		return 0;
	}
	return error_set(error, ERROR_INVALID,
			 "\"%s\" is no address to listen on: give one of IPv4 or IPv6, or the path "
			 "of a Unix socket that starts with '/'",
			 text);
}

/* Removes a socket that nobody listens on any more. */
static bool remove_stale(const union address *address, socklen_t length)
{
	struct stat status;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale = fd >= 0 && stat(address->local.sun_path, &status) == 0 &&
		     S_ISSOCK(status.st_mode) && connect(fd, &address->any, length) < 0 &&
		     errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return stale && unlink(address->local.sun_path) == 0;
}

static bool is_other_file(const union address *address)
{
	struct stat status;
	return lstat(address->local.sun_path, &status) == 0 && !S_ISSOCK(status.st_mode);
}

static int bind_to(int fd, const union address *address, socklen_t length)
{
	int on = 1;
	bool local = address->any.sa_family == AF_UNIX;
	if (!local) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	}
	if (bind(fd, &address->any, length) == 0)
		return 0;
	if (!local || errno != EADDRINUSE)
		return -1;
	if (remove_stale(address, length))
		return bind(fd, &address->any, length);
	errno = is_other_file(address) ? ENOTSOCK : EADDRINUSE;
	return -1;
}

static int learn_name(struct http_server *server)
{
	union address address = {0};
	socklen_t length = sizeof address;
	if (server->options.address[0] == '/') {
		server->path = mem_copy(server->options.address, strlen(server->options.address));
		errno = ENOMEM;
		return server->path ? 0 : -1;
	}
	if (getsockname(server->listener, &address.any, &length) < 0)
		return -1;
	server->port = ntohs(address.any.sa_family == AF_INET ? address.four.sin_port
							      : address.six.sin6_port);
	return 0;
}

static int refuse(const struct http_server_options *options, int why, struct error *error)
{
	enum error_code code = why == EADDRINUSE ? ERROR_BUSY : ERROR_IO;
	if (options->address[0] == '/')
		return error_set(error, code, "cannot listen on %s: %s", options->address,
				 why == ENOTSOCK ? "a file is there that is no socket"
						 : strerror(why));
	return error_set(error, code, "cannot listen on %s port %u: %s", options->address,
			 options->port, strerror(why));
}

int http_listen(struct http_server *server, struct error *error)
{
	union address address = {0};
	socklen_t length = 0;
	if (read_address(&server->options, &address, &length, error) < 0)
		return -1;
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	server->listener = socket(address.any.sa_family, type, 0);
	/* Before it has a path: nobody else may connect for a moment. */
	if (server->listener >= 0 && server->options.private &&
	    fchmod(server->listener, S_IRUSR | S_IWUSR) < 0)
		return refuse(&server->options, errno, error);
	if (server->listener < 0 || bind_to(server->listener, &address, length) < 0 ||
	    listen(server->listener, BACKLOG) < 0 || learn_name(server) < 0)
		return refuse(&server->options, errno, error);
	return 0;
}

void http_listen_end(struct http_server *server)
{
	/* While it is listened on nobody else takes the path, so that it is still ours. */
	if (server->path)
		unlink(server->path);
	mem_free(take(server->path));
	if (server->listener >= 0)
		close(server->listener);
	server->listener = -1;
}

int http_watch_listener(struct http_reactor *reactor, struct error *error)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
				    .data.u64 = HTTP_NUMBER_LISTENER};
	if (epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, reactor->server->listener, &event) < 0)
		return error_set(error, ERROR_IO, "cannot watch a listener: %s", strerror(errno));
	return 0;
}

static struct http_reactor *emptiest(struct http_server *server, struct http_reactor *mine)
{
	struct http_reactor *best = mine;
	for (unsigned i = 0; i < server->reactor_count; i++)
		if (atomic_load_explicit(&server->reactors[i]->connections, memory_order_relaxed) <
		    atomic_load_explicit(&best->connections, memory_order_relaxed))
			best = server->reactors[i];
	return best;
}

static struct http_conn *new_secure(struct http_server *server, int fd)
{
	struct http_secure *secure = mem_alloc(sizeof *secure);
	if (!secure || !tls_session_accept(&secure->session, server->options.tls, fd)) {
		mem_free(secure);
		return NULL;
	}
	secure->conn.secure = true;
	return &secure->conn;
}

/* Has the system tell of a connection. What it tells at once is that it can be written to. */
static bool watch(struct http_thread *thread, struct http_conn *conn)
{
	struct http_reactor *reactor = conn->reactor;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				    .data.u64 = http_claim_open(thread->server, conn)};
	http_reactor_watch(reactor, conn, thread->loop->reactor == reactor);
	return epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, conn->fd, &event) == 0;
}

/* A new connection over `fd` that the caller has claimed; NULL: `fd` is closed. */
static struct http_conn *add_connection(struct http_thread *thread, struct http_loop *mine, int fd)
{
	struct http_server *server = thread->server;
	struct http_conn *conn =
		server->options.tls ? new_secure(server, fd) : mem_alloc(sizeof *conn);
	if (!conn) {
		close(fd);
		return NULL;
	}
	conn->reactor = emptiest(server, mine->reactor);
	conn->fd = fd;
	conn->fresh = true;
	conn->late = atomic_load_explicit(&mine->late, memory_order_relaxed) != 0;
	conn->waiting = HTTP_WAIT_HEAD;
	conn->deadline = mine->now + server->timeouts[HTTP_WAIT_HEAD];
	atomic_fetch_add(&conn->reactor->connections, 1);
	atomic_fetch_add(&server->open, 1);
	if (watch(thread, conn))
		return conn;
	http_conn_free(conn);
	return NULL;
}

/* Who is turned away is counted until it is told. */
static void tell(struct http_server *server, enum http_rejection why, int error)
{
	const struct http_server_options *options = &server->options;
	struct http_telling *telling = &server->telling[why];
	uint64_t now = clock_monotonic(), next = atomic_load(&telling->next);
	atomic_fetch_add(&telling->count, 1);
	if (!options->tell || now < next ||
	    !atomic_compare_exchange_strong(&telling->next, &next,
					    now + HTTP_TELL_MS * UINT64_C(1000000)))
		return;
	const struct http_turned_away turned = {why, error, options->connections,
						atomic_exchange(&telling->count, 0)};
	options->tell(options->tell_context, &turned);
}

/* Tells a client that there are too many, as far as one packet goes; over TLS by closing only. */
static void turn_away(struct http_thread *thread, int fd)
{
	_cleanup_(text_release) struct text answer = {0};
	http_count(thread, HTTP_REJECTED_CONNECTIONS, 1);
	tell(thread->server, HTTP_REJECTED_CONNECTIONS, 0);
	if (thread->server->options.tls) {
		close(fd);
		return;
	}
	http_refusal_write(&answer, 503, "there are too many connections", http_date_line(thread));
	if (!answer.failed && send(fd, answer.at, answer.length, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		shutdown(fd, SHUT_WR);
	close(fd);
}

static void pause_accepting(struct http_thread *thread, struct http_loop *loop, int error)
{
	http_count(thread, HTTP_REJECTED_SYSTEM, 1);
	tell(thread->server, HTTP_REJECTED_SYSTEM, error);
	if (epoll_ctl(loop->reactor->epoll, EPOLL_CTL_DEL, thread->server->listener, NULL) == 0)
		atomic_store(&loop->reactor->accept_again,
			     clock_monotonic() + HTTP_ACCEPT_PAUSE_MS * UINT64_C(1000000));
}

/* Accepts one; false when there is none, or it has to stop. `*out`: claimed; NULL: turned away. */
static bool accept_one(struct http_thread *thread, struct http_loop *loop, struct http_conn **out)
{
	struct http_server *server = thread->server;
	int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	*out = NULL;
	if (fd < 0 && (errno == EAGAIN || errno == EINVAL || errno == EBADF))
		return false;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
		pause_accepting(thread, loop, errno);
		return false;
	}
	if (fd < 0)
		return true;
	http_count(thread, HTTP_COUNT_ACCEPTED, 1);
	if (atomic_load(&server->open) >= server->options.connections) {
		turn_away(thread, fd);
	} else if (!(*out = add_connection(thread, loop, fd))) {
		http_count(thread, HTTP_REJECTED_SYSTEM, 1);
	}
	return true;
}

bool http_accept_one(struct http_thread *thread, struct http_loop *loop)
{
	struct http_server *server = thread->server;
	struct http_conn *conn = NULL;
	bool more = false;
	atomic_fetch_add(&server->accepting, 1);
	if (!atomic_load(&loop->reactor->drained))
		more = accept_one(thread, loop, &conn);
	atomic_fetch_sub(&server->accepting, 1);
	if (conn && !http_claim_leave(conn))
		http_conn_work(thread, conn, true);
	return more;
}

void http_accept_end(struct http_reactor *reactor)
{
	struct http_server *server = reactor->server;
	if (atomic_exchange(&reactor->drained, true))
		return;
	epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, server->listener, NULL);
	atomic_store(&reactor->accept_again, 0);
	atomic_fetch_add(&server->drained, 1);
}

void http_accept_again(struct http_loop *loop)
{
	struct http_reactor *reactor = loop->reactor;
	uint64_t again = atomic_load_explicit(&reactor->accept_again, memory_order_relaxed);
	if (!again || again > loop->now ||
	    !atomic_compare_exchange_strong(&reactor->accept_again, &again, 0))
		return;
	atomic_fetch_add(&reactor->server->accepting, 1);
	if (!atomic_load(&reactor->drained)) {
		if (http_watch_listener(reactor, NULL) < 0)
			atomic_store(&reactor->accept_again,
				     loop->now + HTTP_ACCEPT_PAUSE_MS * UINT64_C(1000000));
		if (atomic_load(&reactor->drained)) /* by now: a forked child may have it open */
			epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, reactor->server->listener, NULL);
	}
	atomic_fetch_sub(&reactor->server->accepting, 1);
}
