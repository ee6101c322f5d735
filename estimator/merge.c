/* SPDX-License-Identifier: ISC */
/* Parallel requests, added up on one clock. */
#include "estimator/merge.h"

#include <assert.h>
#include <string.h>

#define OVERLAP_MEMORY_US INT64_C(60000000)
#define JOIN_US 4000
#define PORTION_US 300000
#define LEAST_US 200 /* no piece is shorter: its rate would mean nothing */

void
merge_init(struct merge *m)
{
	memset(m, 0, sizeof *m);
}

bool
merge_shared(const struct merge *m, int64_t now_us)
{
	return m->overlapped && now_us - m->overlap_us < OVERLAP_MEMORY_US;
}

static void
drop(struct merge *m, int at)
{
	assert(at >= 0 && at < m->len);
	m->len--;
	memmove(&m->pieces[at], &m->pieces[at + 1],
	    (size_t)(m->len - at) * sizeof m->pieces[0]);
}

static void
insert(struct merge *m, const struct piece *p)
{
	int at = m->len;

	assert(m->len < PIECES_KEPT);
	while (at > 0 && m->pieces[at - 1].from_us > p->from_us)
		at--;
	memmove(&m->pieces[at + 1], &m->pieces[at],
	    (size_t)(m->len - at) * sizeof m->pieces[0]);
	m->pieces[at] = *p;
	m->len++;
}

static bool
overlaps(const struct merge *m, const struct piece *p)
{
	if (m->done_tag != p->tag && p->from_us + JOIN_US < m->done_us)
		return true;
	for (int i = 0; i < m->len; i++) {
		const struct piece *q = &m->pieces[i];

		if (q->tag != p->tag && q->direction == p->direction &&
		    q->from_us + JOIN_US < p->to_us && p->from_us + JOIN_US < q->to_us)
			return true;
	}
	return false;
}

void
merge_add(struct merge *m, const struct piece *p)
{
	struct piece add = *p;

	assert(p->to_us >= p->from_us && p->bytes > 0.0f);
	if (add.to_us - add.from_us < LEAST_US)
		add.from_us = add.to_us - LEAST_US;
	if (overlaps(m, &add)) {
		m->overlap_us = add.to_us;
		m->overlapped = true;
	}
	if (m->len == PIECES_KEPT) {
		struct piece *a = &m->pieces[0], *b = &m->pieces[1];

		b->bytes += a->bytes;
		b->from_us = a->from_us;
		b->to_us = a->to_us > b->to_us ? a->to_us : b->to_us;
		drop(m, 0);
	}
	insert(m, &add);
}

/* What lies before `cut` goes into the portion; what is left of the piece remains. */
static void
use(struct merge *m, int at, int64_t cut_us, struct portion *out, int64_t *flow_us,
    float *paced)
{
	struct piece *p = &m->pieces[at];
	const int64_t all_us = p->to_us - p->from_us;
	const int64_t end_us = p->to_us < cut_us ? p->to_us : cut_us;
	const int64_t part_us = end_us - p->from_us;
	const float bytes = part_us == all_us ? p->bytes
	                                      : p->bytes * ((float)part_us / (float)all_us);

	*flow_us += part_us;
	out->before += p->before * (float)part_us;
	out->bytes += bytes;
	out->first |= p->first;
	*paced += p->at_least ? bytes : 0.0f;
	if (p->first && p->start_us < out->start_us)
		out->start_us = p->start_us;
	if ((float)p->clock_us * 1e-6f > out->clock_s)
		out->clock_s = (float)p->clock_us * 1e-6f;
	if (p->wait_us > 0 && (out->wait_s <= 0.0f || (float)p->wait_us * 1e-6f < out->wait_s))
		out->wait_s = (float)p->wait_us * 1e-6f;
	m->done_tag = p->tag;
	if (end_us == p->to_us) {
		drop(m, at);
		return;
	}
	p->bytes -= bytes;
	p->before += bytes;
	p->from_us = end_us;
	p->first = p->fresh = false;
}

/* The end of the group that begins with piece 0: joined, cut at `cut`. */
static int64_t
group_end(const struct merge *m, int64_t cut_us)
{
	const uint8_t direction = m->pieces[0].direction;
	int64_t end_us = m->pieces[0].to_us;

	for (int i = 1; i < m->len && m->pieces[i].from_us <= end_us + JOIN_US; i++)
		if (m->pieces[i].direction == direction && m->pieces[i].to_us > end_us)
			end_us = m->pieces[i].to_us;
	return end_us < cut_us ? end_us : cut_us;
}

bool
merge_take(struct merge *m, int64_t now_us, int64_t watermark_us, struct portion *out)
{
	const bool shared = merge_shared(m, now_us);
	const struct piece *head = &m->pieces[0];
	int64_t end_us, flow_us = 0, union_us;
	int fresh = 0, firsts = 0;
	float paced = 0.0f;
	struct portion got;

	if (m->len == 0 || (shared && head->from_us >= watermark_us))
		return false;
	got = (struct portion){
		.from_us = head->from_us,
		.start_us = head->start_us,
		.direction = head->direction,
	};
	end_us = head->to_us;
	if (shared) {
		int64_t cut_us = got.from_us + PORTION_US;

		end_us = group_end(m, cut_us < watermark_us ? cut_us : watermark_us);
	}
	for (int i = 0; i < m->len && m->pieces[i].from_us < end_us;) {
		const int before = m->len;

		if (m->pieces[i].direction == got.direction && (shared || i == 0)) {
			firsts += m->pieces[i].first;
			fresh += m->pieces[i].fresh;
			use(m, i, end_us, &got, &flow_us, &paced);
		}
		if (!shared)
			break;
		i += m->len == before; /* a piece that was used up is gone */
	}
	union_us = end_us - got.from_us;
	got.shared = shared;
	got.before /= (float)flow_us;
	got.to_us = end_us;
	got.dt_s = (float)union_us * 1e-6f;
	got.flows = (float)flow_us / (float)union_us;
	got.flows = got.flows < 1.0f ? 1.0f : got.flows;
	got.fresh = fresh > 0 && 2 * fresh >= firsts;
	got.at_least = paced > 0.5f * got.bytes;
	if (end_us > m->done_us)
		m->done_us = end_us;
	*out = got;
	return true;
}
