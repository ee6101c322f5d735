/* SPDX-License-Identifier: ISC */
/*
 * Silence, as the kernel's sockets show it.
 *
 * A worked example: two connections to different places with round trips of 45 ms send a
 * request each as the train enters a tunnel. 250 ms later both are unacknowledged for longer
 * than their round trip, four times its spread and 150 ms justify, and nothing else was
 * heard on the link since: it is silent, and no byte of ours was needed to know.
 *
 * If only one of them waits, or if anything was heard after it should have been answered,
 * it may be the place that died. The first is worth a wish for a cheap probe; the second is
 * not even that, and stays so for as long as that socket waits.
 *
 * IPv6 may die alone. While a socket by IPv4 is open and does not wait, silence of IPv6 says
 * nothing of the link; while there is none, but an address for one, a probe is wished for,
 * and has three seconds to hear something before the link counts as silent.
 */
#include "daemon/passive_link.h"

#include <stddef.h>

#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)

/* On top of the round trip and its spread: a delayed acknowledgement, and scheduling. */
#define ALLOWANCE_US (150 * MS)
/* For a connect where no round trip of this link is known: RFC 6298 2.1. */
#define CONNECT_US (1 * SECOND)
/* What came in counts as a flow from so many bytes and intervals on. */
#define FLOW_BYTES 20000
#define FLOW_DUMPS 2
/* Still for its worst round trip and the allowance: at least, and at most. A steady flow has
 * no pauses of a round trip, and the question costs little. */
#define STILL_US (250 * MS)
#define STILL_MOST_US (600 * MS)
/* IPv6 alone is silent, and IPv4 is there and unused: a probe may answer by it first. */
#define OTHER_FAMILY_US (3 * SECOND)
#define PLACES_MAX 8

struct waiters {
	uint32_t place[PLACES_MAX];
	size_t places;
	bool connected; /* one of them had been answered before */
	bool v4;
	int64_t since_us; /* the earliest of them */
};

static int64_t
max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* How long this socket may wait before that means something. */
static int64_t
patience_us(const struct passive_link *l, const struct passive_socket *s)
{
	if (s->phase != PASSIVE_CONNECTING && s->now.rtt_us > 0)
		return s->now.rtt_us + max64(4 * s->now.rttvar_us, ALLOWANCE_US);
	if (l->rtt_us_worst > 0)
		return 2 * l->rtt_us_worst + ALLOWANCE_US;
	return CONNECT_US;
}

static void
count_waiter(struct waiters *w, const struct passive_socket *s)
{
	size_t i = 0;

	while (i < w->places && w->place[i] != s->place)
		i++;
	if (i == w->places && w->places < PLACES_MAX)
		w->place[w->places++] = s->place;
	w->connected |= s->phase != PASSIVE_CONNECTING;
	w->v4 |= s->v4;
	if (w->since_us == PASSIVE_NEVER || s->asked_us < w->since_us)
		w->since_us = s->asked_us;
}

/* What came in has stopped: is that worth a look? */
static void
judge_still(struct passive_link *l, const struct passive_sum *sum, int64_t now_us,
    struct passive_report *out)
{
	int64_t still_us, patience_us;

	if (sum->arrived > 0 && sum->arrived >= (int64_t)sum->segment_bytes) {
		l->flowing++;
		l->flowing_bytes += sum->arrived;
		l->was_flowing = l->flowing >= FLOW_DUMPS && l->flowing_bytes >= FLOW_BYTES;
		return;
	}
	l->flowing = 0;
	l->flowing_bytes = 0;
	if (!l->was_flowing)
		return;
	still_us = now_us - l->data_us;
	patience_us = max64(STILL_US, max64(l->rtt_us_worst, 0) + ALLOWANCE_US);
	if (still_us < (patience_us < STILL_MOST_US ? patience_us : STILL_MOST_US))
		return;
	l->was_flowing = false;
	/* Its sockets are gone: it came to its end. Another answer since: the link lives. */
	if (!sum->still_there || max64(l->heard_us, l->answered_us) > l->data_us + ALLOWANCE_US)
		return;
	if (!l->wished) {
		l->wished = true;
		out->wish = PASSIVE_WISH_STILL;
		out->wish_us = still_us;
		out->quiet_since_us = max64(l->data_us, max64(l->heard_us, l->answered_us));
	}
}

void
passive_stall_judge(struct passive_link *l, int link, const struct passive_table *t,
    const struct passive_stall *when, const struct passive_sum *sum,
    struct passive_report *out)
{
	struct waiters w = {.since_us = PASSIVE_NEVER};
	int64_t heard_us = max64(l->heard_us, l->answered_us);
	int64_t silent_us, least_us;
	bool any_v4 = false;

	for (size_t i = 0; i < t->len; i++) {
		const struct passive_socket *s = &t->at[i];
		int64_t patience;

		if (s->link != link || s->generation != when->generation)
			continue;
		any_v4 |= s->v4;
		if (s->asked_us == PASSIVE_NEVER)
			continue;
		patience = patience_us(l, s);
		if (when->now_us - s->asked_us <= patience)
			continue;
		/* Something was heard that late: this place is dead, the link is not. */
		if (heard_us > s->asked_us + patience)
			continue;
		count_waiter(&w, s);
	}
	judge_still(l, sum, when->now_us, out);
	silent_us = w.places > 0 ? when->now_us - max64(w.since_us, heard_us) : 0;
	least_us = !w.v4 && when->has_v4 ? OTHER_FAMILY_US : ALLOWANCE_US;
	l->silent = w.places >= 2 && w.connected && (w.v4 || !any_v4) &&
	    silent_us > least_us;
	if (l->silent) {
		out->silent_us = silent_us;
		out->silent_places = (int64_t)w.places;
	} else if (silent_us > ALLOWANCE_US && !l->wished) {
		l->wished = true;
		out->wish = PASSIVE_WISH_UNANSWERED;
		out->wish_us = when->now_us - w.since_us;
		out->quiet_since_us = max64(w.since_us, heard_us);
	}
}
