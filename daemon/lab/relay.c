/* SPDX-License-Identifier: ISC */
/* Connections on loopback, relayed as slowly as the wire says. */
#include "config.h"

#include "daemon/lab/pump.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 128
#define LISTEN_MAX 4

/* What IP and TCP with time stamps add to each packet: it takes capacity too. */
#define HEADER_BYTES 52

/* While somebody waits for room in a queue, look again so often. */
#define BLOCKED_NS INT64_C(2000000)

/*
 * A sender may have so much under way, as TCP has it: ten packets at first (RFC 6928), twice
 * that after each round trip, until the queue is full once; then a packet more a round trip.
 * A body that came all at once would look like a link without limit.
 */
#define WINDOW_FIRST (10 * (HOP_PACKET_MAX - HEADER_BYTES))
#define WINDOW_MOST (4 * 1024 * 1024)
#define IDLE_NS INT64_C(1000000000) /* after so long it begins anew */

/* Marks a piece that tells a sender what arrived; the number of bytes stands in it. */
#define ACK_TAG UINT32_C(0x80000000)

/* What loopback may hold beside our own queue; small, so that ours is the one that counts. */
#define SOCKET_BYTES (64 * 1024)

enum { CLIENT, SERVER }; /* the two sockets of a connection */

struct end {
	int fd;
	bool heard;            /* its end of stream went into the link */
	bool told;             /* the other's end of stream came out of it */
	int64_t under_way, window; /* bytes that it sent: not known to have arrived; may be so */
	bool was_full;             /* the queue, once */
	int64_t sent_ns;
	unsigned char *unsent; /* due for it, but its socket is full */
	size_t unsent_len, unsent_cap;
};

struct connection {
	bool used;
	uint32_t generation; /* pieces of an earlier connection in this place are dropped */
	struct end end[2];
};

struct relay {
	struct wire *wire;
	struct sockaddr_in origin;
	struct connection c[CONNECTIONS_MAX];
	size_t turn; /* whose turn it is to send first */
};

static uint32_t
tag_of(const struct relay *r, size_t i)
{
	return ((uint32_t)i + r->c[i].generation * CONNECTIONS_MAX) & ~ACK_TAG;
}

/* What an end says goes this way. */
static struct hop *
way_from(struct wire *w, int end)
{
	return end == CLIENT ? &w->up : &w->down;
}

static void
disconnect(struct connection *c)
{
	for (int e = 0; e < 2; e++) {
		close(c->end[e].fd);
		free(c->end[e].unsent);
	}
	memset(c->end, 0, sizeof c->end);
	c->used = false;
	c->generation++;
}

static void
welcome(struct relay *r, int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), origin, one = 1;
	struct connection *c = NULL;

	if (fd < 0)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX && c == NULL; i++)
		if (!r->c[i].used)
			c = &r->c[i];
	origin = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c == NULL || origin < 0)
		goto refuse;
	(void)setsockopt(origin, SOL_SOCKET, SO_RCVBUF, &(int){ SOCKET_BYTES }, sizeof(int));
	/* On loopback this is done at once or not at all. */
	if (connect(origin, (const struct sockaddr *)&r->origin, sizeof r->origin) < 0)
		goto refuse;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)setsockopt(origin, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->used = true;
	c->end[CLIENT] = (struct end){ .fd = fd, .window = WINDOW_FIRST };
	c->end[SERVER] = (struct end){ .fd = origin, .window = WINDOW_FIRST };
	return;
refuse:
	if (origin >= 0)
		close(origin);
	close(fd);
}

/* Whether an end may send another piece now. */
static bool
may_send(const struct relay *r, const struct connection *c, int e)
{
	return c->used && !c->end[e].heard && c->end[!e].unsent_len == 0 &&
	    c->end[e].under_way < c->end[e].window &&
	    hop_has_room(way_from(r->wire, e), HOP_PACKET_MAX);
}

/* Bytes of an end arrived, and it knows. */
static void
acknowledge(struct end *from, int64_t bytes)
{
	from->under_way -= bytes;
	from->window += from->was_full ? bytes * HOP_PACKET_MAX / from->window : bytes;
	if (from->window > WINDOW_MOST)
		from->window = WINDOW_MOST;
}

/* Take one piece from an end into the link. True: there may be more. */
static bool
take_piece(struct relay *r, size_t i, int e, int64_t now_ns)
{
	struct connection *c = &r->c[i];
	struct end *from = &c->end[e];
	struct hop *h = way_from(r->wire, e);
	unsigned char piece[HOP_PACKET_MAX] = { 0 };
	ssize_t n;
	bool taken;

	if (!may_send(r, c, e)) {
		from->was_full |= c->used && !hop_has_room(h, sizeof piece);
		return false;
	}
	n = recv(from->fd, piece + HEADER_BYTES, sizeof piece - HEADER_BYTES, MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			disconnect(c);
		return false;
	}
	if (from->under_way == 0 && now_ns - from->sent_ns > IDLE_NS) {
		from->window = WINDOW_FIRST;
		from->was_full = false;
	}
	from->sent_ns = now_ns;
	from->under_way += n;
	from->heard = n == 0;
	taken = hop_offer(h, now_ns, piece, HEADER_BYTES + (size_t)n, tag_of(r, i));
	assert(taken);
	return n > 0;
}

/* Each connection in turn gives one piece, as on a link that all share. */
static void
take_all(struct relay *r, int64_t now_ns)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t k = 0; k < CONNECTIONS_MAX; k++) {
			size_t i = (r->turn + k) % CONNECTIONS_MAX;

			more |= take_piece(r, i, CLIENT, now_ns);
			more |= take_piece(r, i, SERVER, now_ns);
		}
		r->turn = (r->turn + 1) % CONNECTIONS_MAX;
	}
}

/* Keep for later what a socket does not take now. */
static int
keep(struct end *to, const unsigned char *bytes, size_t len)
{
	if (to->unsent_len + len > to->unsent_cap) {
		size_t cap = (to->unsent_len + len) * 2;
		unsigned char *more = realloc(to->unsent, cap);

		if (more == NULL)
			return -ENOMEM;
		to->unsent = more;
		to->unsent_cap = cap;
	}
	if (len > 0)
		memcpy(to->unsent + to->unsent_len, bytes, len);
	to->unsent_len += len;
	return 0;
}

/* Send what a socket takes; how much, or a negative errno where it is broken. */
static ssize_t
send_some(const struct end *to, const unsigned char *bytes, size_t len)
{
	ssize_t n = len > 0 ? send(to->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n;
}

/* Nothing more is to come for this end, and all before was sent. */
static void
finish(struct connection *c, int e)
{
	(void)shutdown(c->end[e].fd, SHUT_WR);
	if (c->end[CLIENT].told && c->end[SERVER].told)
		disconnect(c);
}

/* Tell the sender what arrived, by the other way of the link; at once where that is full:
 * an acknowledgement that got lost is made good by the next. */
static void
send_ack(struct relay *r, size_t i, int to_end, size_t len, int64_t now_ns)
{
	unsigned char piece[HEADER_BYTES] = { 0 };
	uint32_t bytes = (uint32_t)len;

	memcpy(piece, &bytes, sizeof bytes);
	if (!hop_has_room(way_from(r->wire, to_end), sizeof piece) ||
	    !hop_offer(way_from(r->wire, to_end), now_ns, piece, sizeof piece,
		tag_of(r, i) | ACK_TAG))
		acknowledge(&r->c[i].end[!to_end], bytes);
}

static void
hand_piece(struct relay *r, int to_end, const struct hop_packet *p, int64_t now_ns)
{
	const size_t i = p->tag % CONNECTIONS_MAX;
	struct connection *c = &r->c[i];
	struct end *to = &c->end[to_end];
	const unsigned char *bytes = p->bytes + HEADER_BYTES;
	size_t len = p->len - (size_t)HEADER_BYTES;
	uint32_t arrived;
	ssize_t n = 0;

	if (!c->used || tag_of(r, i) != (p->tag & ~ACK_TAG))
		return;
	if ((p->tag & ACK_TAG) != 0) {
		memcpy(&arrived, p->bytes, sizeof arrived);
		acknowledge(to, arrived);
		return;
	}
	if (len > 0)
		send_ack(r, i, to_end, len, now_ns);
	if (to->unsent_len == 0)
		n = send_some(to, bytes, len);
	if (n < 0 || keep(to, bytes + n, len - (size_t)n) != 0) {
		disconnect(c);
		return;
	}
	to->told |= len == 0;
	if (to->told && to->unsent_len == 0)
		finish(c, to_end);
}

static void
hand_all(struct relay *r, int to_end, int64_t now_ns)
{
	struct hop *h = way_from(r->wire, !to_end);
	const struct hop_packet *p;

	while ((p = hop_take(h, now_ns)) != NULL) {
		hand_piece(r, to_end, p, now_ns);
		wire_delivered(r->wire, p, now_ns);
	}
}

/* A socket that was full has room again. */
static void
resend(struct relay *r, size_t i, int e)
{
	struct connection *c = &r->c[i];
	struct end *to = &c->end[e];
	ssize_t n = send_some(to, to->unsent, to->unsent_len);

	if (n < 0) {
		disconnect(c);
		return;
	}
	memmove(to->unsent, to->unsent + n, to->unsent_len - (size_t)n);
	to->unsent_len -= (size_t)n;
	if (to->told && to->unsent_len == 0)
		finish(c, e);
}

static bool
watch_ends(struct relay *r, struct pollfd *p)
{
	bool blocked = false;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		for (int e = 0; e < 2; e++) {
			struct pollfd *q = &p[2 * i + (size_t)e];
			struct connection *c = &r->c[i];
			bool room = may_send(r, c, e);

			*q = (struct pollfd){ .fd = -1 };
			if (!c->used)
				continue;
			if (room)
				q->events = POLLIN;
			/* An acknowledgement wakes us; room in a queue does not. */
			blocked |= !room && c->end[e].under_way < c->end[e].window;
			if (c->end[e].unsent_len > 0)
				q->events |= POLLOUT;
			if (q->events != 0)
				q->fd = c->end[e].fd;
		}
	return blocked;
}

int
pump_streams(struct wire *w, const int *listen_fd, size_t listen_len, uint16_t port,
    const int control[2])
{
	static struct relay r;
	struct pollfd p[2 * CONNECTIONS_MAX + LISTEN_MAX + 2];
	struct pollfd *at_listen = p + 2 * CONNECTIONS_MAX, *at_control = at_listen + listen_len;

	assert(listen_len <= LISTEN_MAX);
	r.wire = w;
	r.origin.sin_family = AF_INET;
	r.origin.sin_port = htons(port);
	r.origin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < listen_len; i++)
		at_listen[i] = (struct pollfd){ .fd = listen_fd[i], .events = POLLIN };
	for (size_t i = 0; i < 2; i++)
		at_control[i] = (struct pollfd){ .fd = control[i], .events = POLLIN };
	for (;;) {
		bool blocked = watch_ends(&r, p);
		int64_t now_ns = pump_sleep(w, p, 2 * CONNECTIONS_MAX + listen_len + 2,
		    blocked ? BLOCKED_NS : INT64_C(1000000000));

		for (size_t i = 0; i < listen_len; i++)
			if (at_listen[i].revents != 0)
				welcome(&r, listen_fd[i]);
		for (size_t i = 0; i < 2; i++)
			if (at_control[i].revents != 0)
				wire_listen(w, control[i], now_ns);
		for (size_t i = 0; i < CONNECTIONS_MAX; i++)
			for (int e = 0; e < 2; e++)
				if (r.c[i].used && r.c[i].end[e].unsent_len > 0)
					resend(&r, i, e);
		take_all(&r, now_ns);
		hand_all(&r, CLIENT, now_ns);
		hand_all(&r, SERVER, now_ns);
	}
}
