/* SPDX-License-Identifier: ISC */
/* Sockets in, sums of each link out: the table, the differences, and the order of calls. */
#include "daemon/passive.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/passive_link.h"
#include "daemon/passive_table.h"

/* A dump that does not show a socket may have missed it, and its end may be yet to be told. */
#define GENERATIONS_KEPT 2

struct passive {
	struct passive_table table;
	struct passive_link link[PASSIVE_LINKS_MAX];
	struct passive_address address[PASSIVE_ADDRESSES_MAX];
	size_t addresses;
	uint64_t own[PASSIVE_OWN_MAX]; /* a ring; 0: none */
	size_t own_next;
	passive_place_fn *place;
	void *place_arg;
	uint32_t generation;
	bool open;         /* between begin and end */
	bool births_known; /* a socket not seen before is new, not only new to us */
	bool births_next;  /* the same for the next interval */
	bool whole;        /* the dump before came to its end, unchanged */
	int64_t begun_us, before_us; /* this dump's begin, and that of the one before */
	struct passive_counters count;
};

int
passive_create(passive_place_fn *place, void *arg, struct passive **out)
{
	struct passive *p = calloc(1, sizeof(*p));

	if (p == NULL || passive_table_init(&p->table) < 0) {
		free(p);
		return -ENOMEM;
	}
	p->place = place;
	p->place_arg = arg;
	passive_restart(p);
	*out = p;
	return 0;
}

void
passive_destroy(struct passive *p)
{
	if (p == NULL)
		return;
	passive_table_finish(&p->table);
	free(p);
}

static void
link_start(struct passive_link *l)
{
	*l = (struct passive_link){
		.in = {.signal_us = PASSIVE_NEVER, .standing_us = PASSIVE_NEVER, .link_kbps = -1,
		    .link_rtt_us = -1},
		.out = {.signal_us = PASSIVE_NEVER, .standing_us = PASSIVE_NEVER, .link_kbps = -1,
		    .link_rtt_us = -1},
		.heard_us = PASSIVE_NEVER,
		.answered_us = PASSIVE_NEVER,
		.data_us = PASSIVE_NEVER,
		.ended_data_us = PASSIVE_NEVER,
		.rtt_us_worst = -1,
	};
}

void
passive_restart(struct passive *p)
{
	passive_table_clear(&p->table);
	for (int i = 0; i < PASSIVE_LINKS_MAX; i++)
		link_start(&p->link[i]);
	p->open = false;
	p->births_known = p->births_next = p->whole = false;
	p->before_us = PASSIVE_NEVER;
}

void
passive_addresses(struct passive *p, const struct passive_address *list, size_t n)
{
	p->addresses = n < PASSIVE_ADDRESSES_MAX ? n : PASSIVE_ADDRESSES_MAX;
	if (p->addresses > 0)
		memcpy(p->address, list, p->addresses * sizeof(*list));
	/* What could not be placed before may be old, though it is new to the table. */
	p->births_known = p->births_next = false;
}

void
passive_own(struct passive *p, uint64_t cookie)
{
	struct passive_socket *s = passive_table_find(&p->table, cookie);

	p->own[p->own_next] = cookie;
	p->own_next = (p->own_next + 1) % PASSIVE_OWN_MAX;
	if (s)
		passive_table_remove(&p->table, s);
}

static bool
is_own(const struct passive *p, uint64_t cookie)
{
	for (size_t i = 0; i < PASSIVE_OWN_MAX; i++)
		if (p->own[i] == cookie)
			return true;
	return false;
}

void
passive_answered(struct passive *p, int64_t now_us, int link)
{
	assert(link >= 0 && link < PASSIVE_LINKS_MAX);
	if (p->link[link].answered_us < now_us)
		p->link[link].answered_us = now_us;
	p->link[link].wished = false;
}

/* A socket that was not in the table. NULL: no room. */
static struct passive_socket *
begin_socket(struct passive *p, int link, const struct passive_reading *r)
{
	struct passive_socket *s = passive_table_add(&p->table, r->cookie);

	if (s == NULL) {
		p->count.full++;
		p->births_next = false;
		return NULL;
	}
	s->link = (int16_t)link;
	s->place = p->place(p->place_arg, r->to);
	s->v4 = passive_is_v4(r->to);
	s->asked_us = s->heard_us = s->data_us = PASSIVE_NEVER;
	if (!p->births_known) {
		s->bytes_in = r->bytes_in;
		s->bytes_acked = r->bytes_acked;
		s->busy_us = r->busy_us;
		s->waited_us = r->waited_us;
		s->delivery_kbps = r->delivery_kbps;
		s->segments_in = r->segments_in;
		s->segments_delivered = r->segments_delivered;
		s->out_of_order = r->out_of_order;
		s->segments_out = r->segments_out;
		s->segments_retransmitted = r->segments_retransmitted;
	}
	return s;
}

/* The socket's record, a new one where it is new, moved, or its counters went backwards.
 * NULL: it is none of ours to look at. */
static struct passive_socket *
record_of(struct passive *p, const struct passive_reading *r)
{
	struct passive_socket *s = passive_table_find(&p->table, r->cookie);
	int link = passive_link_of(p->address, p->addresses, r);
	bool births = p->births_known;

	if (s && (s->link != link || r->bytes_in < s->bytes_in ||
		     r->bytes_acked < s->bytes_acked)) {
		passive_table_remove(&p->table, s);
		s = NULL;
		p->births_known = false;
	}
	if (s == NULL && link >= 0 && !is_own(p, r->cookie))
		s = begin_socket(p, link, r);
	p->births_known = births;
	return s;
}

void
passive_begin(struct passive *p, int64_t now_us)
{
	assert(!p->open);
	p->open = true;
	p->generation++;
	p->begun_us = now_us;
	p->births_next = true;
}

void
passive_take(struct passive *p, int64_t now_us, const struct passive_reading *r)
{
	struct passive_socket *s;

	assert(p->open);
	s = record_of(p, r);
	if (s == NULL || s->generation == p->generation)
		return; /* a dump that changes underway shows some twice */
	passive_difference(s, p->before_us, now_us, r);
	s->generation = p->generation;
}

static void
add_ended(struct passive_link *l, const struct passive_socket *s)
{
	l->ended_in += s->now.in;
	l->ended_arrived += s->now.arrived;
	l->ended_out += s->now.out;
	l->ended_delivered += s->now.delivered;
	l->ended_segments += s->now.segments_out;
	l->ended_retransmitted += s->now.segments_retransmitted;
	l->ended_heard |= s->now.heard;
	if (s->now.arrived > 0)
		l->ended_data_us = passive_later(l->ended_data_us, s->data_us);
	if (s->now.heard)
		l->heard_us = passive_later(l->heard_us, s->heard_us);
}

void
passive_gone(struct passive *p, int64_t now_us, const struct passive_reading *r)
{
	bool seen = passive_table_find(&p->table, r->cookie) != NULL;
	struct passive_socket *s = record_of(p, r);
	struct passive_link *l;

	if (s == NULL)
		return;
	p->count.gone++;
	p->count.gone_unseen += !seen;
	l = &p->link[s->link];
	if (p->open && s->generation == p->generation)
		add_ended(l, s); /* this dump has already taken it */
	passive_difference(s, p->before_us, now_us, r);
	add_ended(l, s);
	passive_table_remove(&p->table, s);
}

/* What the last dump did not show, and whose end nobody told. */
static void
forget_missing(struct passive *p, bool whole)
{
	uint32_t kept = whole ? GENERATIONS_KEPT : GENERATIONS_KEPT + 1;

	for (size_t i = p->table.len; i-- > 0;)
		if (p->generation - p->table.at[i].generation >= kept)
			passive_table_remove(&p->table, &p->table.at[i]);
}

static bool
has_v4(const struct passive *p, int link)
{
	for (size_t i = 0; i < p->addresses; i++)
		if (p->address[i].link == link && passive_is_v4(p->address[i].address))
			return true;
	return false;
}

/* One link's interval, out of its sums. */
static void
report_link(struct passive *p, int link, int64_t now_us, bool measured,
    const struct passive_sum *sum, struct passive_report *out)
{
	struct passive_link *l = &p->link[link];
	struct passive_stall when = {.now_us = now_us, .generation = p->generation,
	    .has_v4 = has_v4(p, link)};
	bool was_silent = l->silent;

	out->sockets = sum->sockets;
	out->waiting = sum->waiting;
	out->heard = sum->heard;
	out->heard_us = l->heard_us;
	if (out->heard)
		l->wished = false;
	if (measured) {
		passive_rate_in(l, sum, now_us, out->interval_us, &out->in);
		passive_rate_out(l, sum, now_us, out->interval_us, &out->out);
		out->segments_out = sum->segments;
		out->segments_retransmitted = sum->retransmitted;
	} else {
		l->in.steady = l->out.steady = 0;
	}
	passive_stall_judge(l, link, &p->table, &when, sum, out);
	p->count.wishes += out->wish != PASSIVE_NO_WISH;
	p->count.silences += l->silent && !was_silent;
	l->ended_in = l->ended_arrived = l->ended_out = l->ended_delivered = 0;
	l->ended_segments = l->ended_retransmitted = 0;
	l->ended_heard = false;
}

void
passive_end(struct passive *p, int64_t now_us, bool whole,
    struct passive_report reports[PASSIVE_LINKS_MAX])
{
	struct passive_sum sum[PASSIVE_LINKS_MAX];
	int64_t interval_us = p->before_us == PASSIVE_NEVER ? 0 : p->begun_us - p->before_us;
	/* Without all of them at both ends the sums are of more or less than the interval. */
	bool measured = whole && p->whole && interval_us > 0;

	assert(p->open);
	p->open = false;
	forget_missing(p, whole);
	memset(reports, 0, PASSIVE_LINKS_MAX * sizeof(*reports));
	for (int i = 0; i < PASSIVE_LINKS_MAX; i++) {
		reports[i].interval_us = interval_us;
		reports[i].in.kbps = reports[i].out.kbps = -1;
	}
	passive_sum_up(&p->table, p->link, p->generation, interval_us, sum, reports);
	for (int i = 0; i < PASSIVE_LINKS_MAX; i++)
		report_link(p, i, now_us, measured, &sum[i], &reports[i]);
	p->before_us = p->begun_us;
	p->whole = whole;
	p->births_known = p->births_next && whole;
	p->count.dumps += whole;
	p->count.broken += !whole;
}

void
passive_abort(struct passive *p)
{
	p->open = false;
	p->births_known = false;
	p->whole = false;
	p->before_us = PASSIVE_NEVER;
	p->count.broken++;
}

struct passive_counters
passive_counters(const struct passive *p)
{
	return p->count;
}

const char *
passive_wish_name(enum passive_wish w)
{
	switch (w) {
	case PASSIVE_NO_WISH:
		break;
	case PASSIVE_WISH_STILL:
		return "what was coming in fell still";
	case PASSIVE_WISH_UNANSWERED:
		return "data to one place is unanswered";
	}
	return "";
}
