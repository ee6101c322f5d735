/* SPDX-License-Identifier: ISC */
/* Does the gateway answer? */
#include "daemon/router.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/neighbour.h"

#define PORT 53
#define WAIT_US INT64_C(1500000)  /* a neighbour answers within milliseconds */
#define PACE_US INT64_C(2000000)  /* between two tries in trouble, */
#define LONG_US INT64_C(15000000) /* and after some of them */
#define SHORT_TRIES 5
#define SEGMENT_BYTES 74 /* a SYN over Ethernet and IPv4 */

struct router {
	struct loop *loop;
	struct router_sink sink;
	int index;
	char address[NET_ADDRESS_MAX];
	struct sockaddr_storage to;
	socklen_t to_len;
	int fd; /* -1: none is tried */
	struct loop_watch *watch;
	int64_t began_us, tried_us;
	int tries;    /* since the trouble began */
	bool tried;   /* at least once since it was set */
	bool usually; /* it answered once: then no answer is a word */
	enum router_word word;
};

static void
hang_up(struct router *r)
{
	loop_watch_destroy(r->watch);
	r->watch = NULL;
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

static void
conclude(struct router *r, enum router_word word)
{
	if (word != r->word)
		log_debug("gateway: %s %s", r->address, word == ROUTER_ANSWERS ? "answers"
		    : word == ROUTER_SILENT ? "does not answer" : "says nothing");
	r->word = word;
	r->usually = r->usually || word == ROUTER_ANSWERS;
}

static void
answered(struct router *r, int error)
{
	bool there = error == 0 || error == ECONNREFUSED || error == ECONNRESET;

	r->sink.spent(r->sink.ctx, there ? SEGMENT_BYTES : 0, 2 * SEGMENT_BYTES);
	hang_up(r);
	if (there)
		conclude(r, ROUTER_ANSWERS);
	else if (error == EHOSTUNREACH)
		conclude(r, ROUTER_SILENT); /* nobody said that the address is his */
}

static void
on_ready(void *arg, int64_t now_us, int fd, unsigned what)
{
	int error = 0;
	socklen_t len = sizeof(error);

	(void)now_us, (void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	answered(arg, error);
}

static void
try(struct router *r, int64_t now_us)
{
	struct linger at_once = { .l_onoff = 1 };

	r->tried = true;
	r->tried_us = r->began_us = now_us;
	r->tries++;
	r->fd = socket(r->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return;
	r->sink.opened(r->sink.ctx, r->fd);
	(void)setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(r->fd, (struct sockaddr *)&r->to, r->to_len) == 0)
		answered(r, 0);
	else if (errno != EINPROGRESS)
		answered(r, errno);
	else if (loop_watch_create(r->loop, r->fd, LOOP_WRITE, on_ready, r, &r->watch) != 0)
		hang_up(r);
}

/* It was not answered in its time: what does the table say? */
static void
give_up(struct router *r)
{
	enum neighbour n = neighbour_look(r->index, r->address);

	r->sink.spent(r->sink.ctx, 0, 2 * SEGMENT_BYTES);
	hang_up(r);
	if (n == NEIGHBOUR_FAILED || n == NEIGHBOUR_SOUGHT || r->usually)
		conclude(r, ROUTER_SILENT);
	else if (n == NEIGHBOUR_THERE)
		conclude(r, ROUTER_ANSWERS);
	/* Else an earlier word stands: the table forgets those that it could not find. */
}

void
router_tick(struct router *r, int64_t now_us, bool trouble, bool packets)
{
	if (r->address[0] == '\0')
		return;
	if (r->fd >= 0) {
		if (now_us - r->began_us >= WAIT_US)
			give_up(r);
		return;
	}
	if (!trouble) {
		r->tries = 0;
		if (r->word == ROUTER_SILENT)
			r->word = ROUTER_UNKNOWN; /* that was then */
		if (packets && !r->tried)
			try(r, now_us);
		return;
	}
	if (now_us - r->tried_us < (r->tries < SHORT_TRIES ? PACE_US : LONG_US))
		return;
	if (packets) {
		try(r, now_us);
		return;
	}
	r->tried_us = now_us;
	switch (neighbour_look(r->index, r->address)) {
	case NEIGHBOUR_FAILED:
		conclude(r, ROUTER_SILENT);
		break;
	case NEIGHBOUR_THERE:
		conclude(r, ROUTER_ANSWERS);
		break;
	default:
		break;
	}
}

static bool
read_address(struct router *r)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT),
		.sin6_scope_id = (uint32_t)r->index };

	if (inet_pton(AF_INET, r->address, &v4.sin_addr) == 1) {
		memcpy(&r->to, &v4, sizeof(v4));
		r->to_len = sizeof(v4);
		return true;
	}
	if (inet_pton(AF_INET6, r->address, &v6.sin6_addr) != 1)
		return false;
	memcpy(&r->to, &v6, sizeof(v6));
	r->to_len = sizeof(v6);
	return true;
}

void
router_set(struct router *r, int index, const char *address)
{
	if (r->index == index && strcmp(r->address, address) == 0)
		return;
	hang_up(r);
	r->index = index;
	memcpy(r->address, address, strlen(address) + 1);
	r->word = ROUTER_UNKNOWN;
	r->usually = r->tried = false;
	r->tries = 0;
	r->tried_us = INT64_MIN / 2;
	if (!read_address(r))
		r->address[0] = '\0';
}

void
router_follow(struct router *r, const struct net_picture *p, const char *interface)
{
	const struct net_route *best = NULL;
	int out = p->out4 ? p->out4 : p->out6;

	for (size_t i = 0; i < p->interfaces && interface[0]; i++)
		if (strcmp(p->interface[i].name, interface) == 0)
			out = p->interface[i].index;
	for (size_t i = 0; i < p->routes; i++) {
		const struct net_route *o = &p->route[i];

		/* IPv4 first: it is the one that links are known by. */
		if (o->index == out && (!best || (best->v6 && !o->v6) ||
		    (best->v6 == o->v6 && o->metric < best->metric)))
			best = o;
	}
	/* Where the route is gone the last gateway is as good as any: the word on it stays. */
	if (best)
		router_set(r, best->index, best->gateway);
}

enum router_word
router_says(const struct router *r)
{
	return r->word;
}

const char *
router_address(const struct router *r)
{
	return r->address;
}

int
router_create(struct loop *loop, const struct router_sink *sink, struct router **out)
{
	struct router *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->loop = loop;
	r->sink = *sink;
	r->fd = -1;
	r->tried_us = INT64_MIN / 2;
	*out = r;
	return 0;
}

void
router_destroy(struct router *r)
{
	if (!r)
		return;
	hang_up(r);
	free(r);
}
