/* SPDX-License-Identifier: ISC */
/* IPv4 and IPv6 apart. */
#include "daemon/families.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_US INT64_C(1500000)
#define PERIOD_US INT64_C(4000000)
#define STRANGER_US INT64_C(30000000)
#define THRIFTY_US INT64_C(60000000)
#define AGAIN_US INT64_C(500000)  /* after a try that failed */
#define DEAD_US INT64_C(4000000)  /* while it is dead */
#define FRESH_US INT64_C(10000000) /* the other one worked so lately */
#define TRIES 2
#define SEGMENT_BYTES 94 /* of a SYN over Ethernet and IPv6 */

struct family {
	bool route, dead, own;
	struct sockaddr_storage to[2]; /* two places, in turn where one does not answer */
	socklen_t to_len[2];           /* 0: there is none */
	int at;
	int fd;           /* -1: none is tried */
	struct loop_watch *watch;
	int64_t began_us, due_us, worked_us;
	int failed; /* in a row */
	struct families *all;
};

struct families {
	struct loop *loop;
	struct families_sink sink;
	struct family family[2]; /* IPv4, IPv6 */
};

static void
hang_up(struct family *f)
{
	loop_watch_destroy(f->watch);
	f->watch = NULL;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static struct family *
other(struct family *f)
{
	return &f->all->family[f == &f->all->family[0]];
}

static void
set_dead(struct family *f, int64_t now_us, bool dead)
{
	if (f->dead == dead)
		return;
	f->dead = dead;
	f->all->sink.dead(f->all->sink.ctx, now_us, f == &f->all->family[1], dead);
}

static void
works(struct family *f, int64_t now_us)
{
	f->worked_us = now_us;
	f->failed = 0;
	set_dead(f, now_us, false);
}

/* The last word is the other family's: where that does not work either, it is the link. */
static void
judge(struct family *f, int64_t now_us)
{
	if (f->failed >= TRIES && now_us - other(f)->worked_us < FRESH_US)
		set_dead(f, now_us, true);
}

static void
fails(struct family *f, int64_t now_us)
{
	f->failed++;
	if (f->to_len[!f->at] > 0)
		f->at = !f->at;
	f->due_us = now_us + (f->dead ? DEAD_US : AGAIN_US);
	if (now_us - other(f)->worked_us > PERIOD_US)
		other(f)->due_us = now_us; /* does that one work now? */
	judge(f, now_us);
}

static void
answered(struct family *f, int64_t now_us, int error)
{
	bool there = error == 0 || error == ECONNREFUSED || error == ECONNRESET;

	f->all->sink.spent(f->all->sink.ctx, there ? SEGMENT_BYTES : 0, 2 * SEGMENT_BYTES);
	hang_up(f);
	if (there)
		works(f, now_us);
	else
		fails(f, now_us);
}

static void
on_ready(void *arg, int64_t now_us, int fd, unsigned what)
{
	int error = 0;
	socklen_t len = sizeof(error);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	answered(arg, now_us, error);
}

static void
try(struct family *f, int64_t now_us)
{
	struct linger at_once = { .l_onoff = 1 };

	f->began_us = now_us;
	f->fd = socket(f->to[f->at].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->fd < 0)
		return; /* says nothing of the network */
	f->all->sink.opened(f->all->sink.ctx, f->fd);
	(void)setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(f->fd, (struct sockaddr *)&f->to[f->at], f->to_len[f->at]) == 0)
		answered(f, now_us, 0);
	else if (errno != EINPROGRESS)
		answered(f, now_us, errno);
	else if (loop_watch_create(f->all->loop, f->fd, LOOP_WRITE, on_ready, f,
		     &f->watch) != 0)
		hang_up(f);
}

static int64_t
period_us(const struct family *f, bool plenty)
{
	if (!plenty)
		return THRIFTY_US;
	return f->own ? PERIOD_US : STRANGER_US;
}

bool
families_tick(struct families *all, int64_t now_us, bool plenty, bool little)
{
	bool busy = false;

	if (!all->family[0].route || !all->family[1].route)
		return false;
	for (int i = 0; i < 2; i++) {
		struct family *f = &all->family[i];

		if (f->fd >= 0 && now_us - f->began_us >= WAIT_US) {
			all->sink.spent(all->sink.ctx, 0, 2 * SEGMENT_BYTES);
			hang_up(f);
			fails(f, now_us);
		}
		judge(f, now_us);
		if (f->fd < 0 && f->to_len[f->at] > 0 && now_us >= f->due_us && !little) {
			f->due_us = now_us + period_us(f, plenty);
			try(f, now_us);
		}
		busy = busy || f->fd >= 0 || (f->failed > 0 && !f->dead);
	}
	return busy;
}

void
families_seen(struct families *all, const struct sockaddr *to, socklen_t len, bool own)
{
	struct family *f = &all->family[to->sa_family == AF_INET6];

	int at = f->to_len[f->at] > 0 ? !f->at : f->at;

	if (len > sizeof(f->to[0]) || (f->own && !own))
		return;
	for (int i = 0; i < 2; i++)
		if (f->to_len[i] == len && memcmp(&f->to[i], to, len) == 0)
			return;
	memcpy(&f->to[at], to, len);
	f->to_len[at] = len;
	f->own = own;
}

void
families_heard(struct families *all, int64_t now_us, bool v6)
{
	works(&all->family[v6], now_us);
}

void
families_routes(struct families *all, int64_t now_us, bool v4, bool v6)
{
	bool have[2] = { v4, v6 };

	for (int i = 0; i < 2; i++) {
		struct family *f = &all->family[i];

		if (f->route == have[i])
			continue;
		f->route = have[i];
		f->failed = 0;
		f->due_us = now_us;
		hang_up(f);
	}
	for (int i = 0; i < 2; i++)
		if (!v4 || !v6)
			set_dead(&all->family[i], now_us, false);
}

void
families_reset(struct families *all, int64_t now_us)
{
	for (int i = 0; i < 2; i++) {
		struct family *f = &all->family[i];

		hang_up(f);
		set_dead(f, now_us, false);
		f->failed = 0;
		f->due_us = now_us;
		f->worked_us = INT64_MIN / 2;
	}
}

int
families_create(struct loop *loop, const struct families_sink *sink,
    struct families **out)
{
	struct families *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all->loop = loop;
	all->sink = *sink;
	for (int i = 0; i < 2; i++)
		all->family[i] = (struct family){ .fd = -1, .worked_us = INT64_MIN / 2,
			.all = all };
	*out = all;
	return 0;
}

void
families_destroy(struct families *all)
{
	if (!all)
		return;
	for (int i = 0; i < 2; i++)
		hang_up(&all->family[i]);
	free(all);
}
