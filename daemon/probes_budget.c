/* SPDX-License-Identifier: ISC */
/* What probes cost goes into the ledger, and the ledger into the store. */
#include "daemon/probes_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/log.h"

#define KEEP_US INT64_C(300000000)   /* what was spent is written down so often, */
#define KEEP_BYTES INT64_C(65536)    /* and when it is so much */

void
probes_keep(struct probes *p, int64_t now_us)
{
	struct ledger_memory m;

	p->kept_us = now_us;
	p->spent = 0;
	ledger_save(p->sched.ledger, now_us, p->sink.wall(p->sink.ctx, now_us), &m);
	p->sink.keep(p->sink.ctx, PROBES_MEMORY_KEY, &m, sizeof(m));
}

void
probes_on_spent(void *arg, int64_t down_bytes, int64_t up_bytes, bool in_turn)
{
	struct probes *p = arg;

	ledger_spend(p->sched.ledger, loop_now_us(p->loop), down_bytes, up_bytes, in_turn);
	p->spent += down_bytes + up_bytes;
}

void
probes_on_opened(void *arg, int fd)
{
	struct probes *p = arg;

	p->sink.opened(p->sink.ctx, fd);
}

/* What is held is written with it, and soon after it was. */
void
probes_keep_in_time(struct probes *p, int64_t now_us)
{
	if (p->spent >= KEEP_BYTES || (p->spent > 0 && now_us - p->kept_us >= KEEP_US))
		probes_keep(p, now_us);
}

void
probes_restore(struct probes *p, const void *memory, size_t len)
{
	int64_t now_us = loop_now_us(p->loop);
	struct ledger_memory m;

	if (len != sizeof(m))
		return;
	memcpy(&m, memory, sizeof(m));
	if (ledger_restore(p->sched.ledger, now_us, p->sink.wall(p->sink.ctx, now_us), &m) != 0)
		log_warn("budget: what was kept of it cannot be read: it begins anew");
}

void
probes_metered(struct probes *p, int64_t now_us, bool metered)
{
	if (p->sched.metered == metered)
		return;
	sched_metered(&p->sched, now_us, metered);
	log_info("budget: the connection is %s: %" PRId64 " bytes a day",
	    metered ? "metered" : "metered no more", p->sched.ledger->day.limit_bytes);
}

int
probes_measure(struct probes *p, int64_t now_us, bool over_budget)
{
	int err;

	if (p->sched.targets == 0)
		return -ENOENT;
	err = sched_measure(&p->sched, now_us, over_budget);
	if (!err)
		(void)probes_tick(p, now_us);
	return err;
}

bool
probes_measuring(const struct probes *p, int64_t now_us)
{
	return sched_measuring(&p->sched, now_us);
}
