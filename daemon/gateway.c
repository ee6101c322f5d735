/* SPDX-License-Identifier: ISC */
/* Does the gateway answer? */
#include "daemon/gateway.h"

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

struct gateway {
	struct loop *loop;
	struct gateway_sink sink;
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
	enum gateway_word word;
};

static void
hang_up(struct gateway *g)
{
	loop_watch_destroy(g->watch);
	g->watch = NULL;
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

static void
conclude(struct gateway *g, enum gateway_word word)
{
	if (word != g->word)
		log_debug("gateway: %s %s", g->address, word == GATEWAY_ANSWERS ? "answers"
		    : word == GATEWAY_SILENT ? "does not answer" : "says nothing");
	g->word = word;
	g->usually = g->usually || word == GATEWAY_ANSWERS;
}

static void
answered(struct gateway *g, int error)
{
	bool there = error == 0 || error == ECONNREFUSED || error == ECONNRESET;

	g->sink.spent(g->sink.ctx, there ? SEGMENT_BYTES : 0, 2 * SEGMENT_BYTES);
	hang_up(g);
	if (there)
		conclude(g, GATEWAY_ANSWERS);
	else if (error == EHOSTUNREACH)
		conclude(g, GATEWAY_SILENT); /* nobody said that the address is his */
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
try(struct gateway *g, int64_t now_us)
{
	struct linger at_once = { .l_onoff = 1 };

	g->tried = true;
	g->tried_us = g->began_us = now_us;
	g->tries++;
	g->fd = socket(g->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (g->fd < 0)
		return;
	g->sink.opened(g->sink.ctx, g->fd);
	(void)setsockopt(g->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(g->fd, (struct sockaddr *)&g->to, g->to_len) == 0)
		answered(g, 0);
	else if (errno != EINPROGRESS)
		answered(g, errno);
	else if (loop_watch_create(g->loop, g->fd, LOOP_WRITE, on_ready, g, &g->watch) != 0)
		hang_up(g);
}

/* It was not answered in its time: what does the table say? */
static void
give_up(struct gateway *g)
{
	enum neighbour n = neighbour_look(g->index, g->address);

	g->sink.spent(g->sink.ctx, 0, 2 * SEGMENT_BYTES);
	hang_up(g);
	if (n == NEIGHBOUR_FAILED || n == NEIGHBOUR_SOUGHT || g->usually)
		conclude(g, GATEWAY_SILENT);
	else
		conclude(g, n == NEIGHBOUR_THERE ? GATEWAY_ANSWERS : GATEWAY_UNKNOWN);
}

void
gateway_tick(struct gateway *g, int64_t now_us, bool trouble, bool packets)
{
	if (g->address[0] == '\0')
		return;
	if (g->fd >= 0) {
		if (now_us - g->began_us >= WAIT_US)
			give_up(g);
		return;
	}
	if (!trouble) {
		g->tries = 0;
		if (g->word == GATEWAY_SILENT)
			g->word = GATEWAY_UNKNOWN; /* that was then */
		if (packets && !g->tried)
			try(g, now_us);
		return;
	}
	if (now_us - g->tried_us < (g->tries < SHORT_TRIES ? PACE_US : LONG_US))
		return;
	if (packets) {
		try(g, now_us);
		return;
	}
	g->tried_us = now_us;
	switch (neighbour_look(g->index, g->address)) {
	case NEIGHBOUR_FAILED:
		conclude(g, GATEWAY_SILENT);
		break;
	case NEIGHBOUR_THERE:
		conclude(g, GATEWAY_ANSWERS);
		break;
	default:
		break;
	}
}

static bool
read_address(struct gateway *g)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT),
		.sin6_scope_id = (uint32_t)g->index };

	if (inet_pton(AF_INET, g->address, &v4.sin_addr) == 1) {
		memcpy(&g->to, &v4, sizeof(v4));
		g->to_len = sizeof(v4);
		return true;
	}
	if (inet_pton(AF_INET6, g->address, &v6.sin6_addr) != 1)
		return false;
	memcpy(&g->to, &v6, sizeof(v6));
	g->to_len = sizeof(v6);
	return true;
}

void
gateway_set(struct gateway *g, int index, const char *address)
{
	if (g->index == index && strcmp(g->address, address) == 0)
		return;
	hang_up(g);
	g->index = index;
	memcpy(g->address, address, strlen(address) + 1);
	g->word = GATEWAY_UNKNOWN;
	g->usually = g->tried = false;
	g->tries = 0;
	g->tried_us = INT64_MIN / 2;
	if (!read_address(g))
		g->address[0] = '\0';
}

void
gateway_follow(struct gateway *g, const struct net_picture *p, const char *interface)
{
	const struct net_route *best = NULL;
	int out = p->out4 ? p->out4 : p->out6;

	for (size_t i = 0; i < p->interfaces && interface[0]; i++)
		if (strcmp(p->interface[i].name, interface) == 0)
			out = p->interface[i].index;
	for (size_t i = 0; i < p->routes; i++) {
		const struct net_route *r = &p->route[i];

		/* IPv4 first: it is the one that links are known by. */
		if (r->index == out && (!best || (best->v6 && !r->v6) ||
		    (best->v6 == r->v6 && r->metric < best->metric)))
			best = r;
	}
	/* Where the route is gone the last gateway is as good as any: the word on it stays. */
	if (best)
		gateway_set(g, best->index, best->gateway);
}

enum gateway_word
gateway_says(const struct gateway *g)
{
	return g->word;
}

const char *
gateway_address(const struct gateway *g)
{
	return g->address;
}

int
gateway_create(struct loop *loop, const struct gateway_sink *sink, struct gateway **out)
{
	struct gateway *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->loop = loop;
	g->sink = *sink;
	g->fd = -1;
	g->tried_us = INT64_MIN / 2;
	*out = g;
	return 0;
}

void
gateway_destroy(struct gateway *g)
{
	if (!g)
		return;
	hang_up(g);
	free(g);
}
