/* SPDX-License-Identifier: ISC */
/* What became of a request, and what is learnt of its target and of the link. */
#include "daemon/schedule_internal.h"

#include <assert.h>

#define MUTE_US SECONDS(30) /* doubles each time */
#define MUTE_MAX_US SECONDS(600)

/* The link became another one: kept connections remember what it was. Where it may have
 * become a better one, only a body that fills it can show. */
void
sched_renew(struct sched *s, int64_t now_us, bool better)
{
	for (size_t i = 0; i < s->targets; i++)
		s->target[i].fresh_next = true;
	s->renew = true;
	s->soon_us = now_us;
	s->wide_us = SCHED_WIDE_LEAST_US;
	if (better && now_us - s->download_last_us > SCHED_WIDE_LEAST_US / 2)
		s->download_last_us = SCHED_NEVER;
}

/* RFC 6298, 2: gains of 1/8 and 1/4. */
static void
smooth(int64_t *mean_us, int64_t *dev_us, int64_t us)
{
	int64_t off = us - *mean_us;

	if (*mean_us < 0) {
		*mean_us = us;
		*dev_us = us / 2;
		return;
	}
	*dev_us += ((off < 0 ? -off : off) - *dev_us) / 4;
	*mean_us += off / 8;
}

/* A round trip that is suddenly much shorter: another path, and kept connections do not
 * know it. */
static void
watch_rtt(struct sched *s, int64_t now_us, int64_t rtt_us)
{
	if (s->rtt_us > 0 && rtt_us < s->rtt_us * 6 / 10) {
		sched_renew(s, now_us, true);
		s->rtt_us = rtt_us;
	}
	s->rtt_us = s->rtt_us < 0 ? rtt_us : s->rtt_us + (rtt_us - s->rtt_us) / 8;
}

int64_t
sched_mute(struct sched *s, int64_t now_us, int target)
{
	struct sched_target *t = &s->target[target];
	int64_t for_us = MUTE_US << (t->mutes < 8 ? t->mutes : 8);

	if (for_us > MUTE_MAX_US)
		for_us = MUTE_MAX_US;
	t->mutes++;
	t->mute_until_us = now_us + for_us;
	return for_us;
}

void
sched_ended(struct sched *s, int64_t now_us, int flight, const struct sched_end *end)
{
	struct sched_flight *f = &s->flight[flight];
	struct sched_target *t = &s->target[f->target];

	assert(f->used);
	f->used = false;
	ledger_release(s->ledger, f->held_bytes);
	if (!end->answered) {
		t->fresh_next = true;
		return;
	}
	sched_heard(s, now_us);
	if (!end->failed) {
		t->mutes = 0;
		t->mute_until_us = SCHED_NEVER;
		t->body_bytes = end->body_bytes;
	}
	/* One that waited for the end of an outage is no measure of its target. */
	if (s->confirmed_us >= f->started_us)
		return;
	if (end->ttfb_us >= 0)
		smooth(&t->ttfb_us, &t->ttfb_us_dev, end->ttfb_us);
	if (end->connect_us > 0)
		t->connect_us = t->connect_us < 0
		    ? end->connect_us
		    : t->connect_us + (end->connect_us - t->connect_us) / 4;
	if (end->rtt_us > 0)
		watch_rtt(s, now_us, end->rtt_us);
}

void
sched_reset(struct sched *s, int64_t now_us)
{
	for (size_t i = 0; i < s->targets; i++) {
		s->target[i].fresh_next = true;
		s->target[i].ttfb_us = s->target[i].connect_us = -1;
		s->target[i].mute_until_us = SCHED_NEVER;
		s->target[i].mutes = 0;
	}
	s->heard_us = s->confirmed_us = s->silent_since_us = SCHED_NEVER;
	s->wonder_us = SCHED_NEVER;
	s->rtt_us = -1;
	s->soon_us = s->calm_us = now_us;
}
