/* SPDX-License-Identifier: ISC */
/* What is heard while nobody asks: by the heartbeat of a kept connection, and by others. */
#include "daemon/probes_internal.h"

#define SLACK_US INT64_C(300000)  /* a sign of life may be late by that, and three round trips */
/*
 * The heartbeat: the kernel asks one kept connection for a sign of life each few seconds.
 * One is told as a round trip; where none comes in its time, somebody is asked properly.
 */
void
probes_listen(struct probes *p, int64_t now_us, const struct est_snapshot *belief)
{
	struct probe_idle idle[PROBE_IDLE_MAX];
	size_t n, silent = 0;
	int64_t longest_us = 0, beat_us = sched_beat_us(&p->sched, now_us);

	(void)probe_http_beat(p->http, sched_wants_beats(&p->sched, now_us), beat_us);
	n = probe_http_idle(p->http, idle);

	for (size_t i = 0; i < n; i++) {
		struct target *t = &p->target[idle[i].tag];
		int64_t at_us = now_us - idle[i].last_ack_us;
		int64_t late_us = idle[i].last_ack_us - beat_us;
		int64_t slack_us = SLACK_US + 3 * (idle[i].rtt_us > 0 ? idle[i].rtt_us : 0);

		if (!idle[i].beats)
			continue;
		if (idle[i].waiting && late_us > slack_us) {
			silent += p->sched.heard_us < at_us + beat_us;
			longest_us = late_us > longest_us ? late_us : longest_us;
			continue;
		}
		sched_heard(&p->sched, at_us);
		/* What came before the last look is no word of now: a body may have ended there,
		 * and a tunnel begun since. */
		if (at_us > p->looked_us && at_us > t->beat_us + beat_us / 2 &&
		    now_us - t->last_us > beat_us && idle[i].rtt_us > 0) {
			t->beat_us = at_us;
			p->sink.rtt(p->sink.ctx, now_us, idle[i].rtt_us, true);
		}
	}
	p->looked_us = now_us;
	if (silent == 0)
		return;
	/* Ask somebody: is it the link? */
	if (sched_suspected_us(&p->sched, now_us) == SCHED_NEVER)
		sched_suspect(&p->sched, now_us - longest_us);
	if (belief->state == EST_STALLED)
		p->sink.rtt(p->sink.ctx, now_us, longest_us, false);
}

void
probes_suspect(struct probes *p, int64_t now_us, int64_t since_us)
{
	sched_suspect(&p->sched, since_us);
	(void)probes_tick(p, now_us);
}

void
probes_heard(struct probes *p, int64_t at_us)
{
	sched_heard_others(&p->sched, at_us);
}
