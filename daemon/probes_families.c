/* SPDX-License-Identifier: ISC */
/* Does each family work? The default link's probes ask, out of their budget. */
#include "daemon/probes_internal.h"

#define PLENTY_BYTES INT64_C(1000000) /* of the allowance */
#define LITTLE_BYTES INT64_C(20000)

static void
on_opened(void *ctx, int fd)
{
	probes_on_opened(ctx, fd);
}

static void
on_spent(void *ctx, int64_t down_bytes, int64_t up_bytes)
{
	probes_on_spent(ctx, down_bytes, up_bytes, true);
}

static void
on_dead(void *ctx, int64_t now_us, bool v6, bool dead)
{
	struct probes *p = ctx;

	p->sink.family(p->sink.ctx, now_us, v6, dead);
}

int
probes_families_begin(struct probes *p)
{
	struct families_sink sink = { .ctx = p, .opened = on_opened, .spent = on_spent,
		.dead = on_dead };

	return p->beside ? 0 : families_create(p->loop, &sink, &p->families);
}

void
probes_on_seen(void *arg, const struct sockaddr *to, socklen_t len, int tag)
{
	struct probes *p = arg;

	if (p->families && tag >= 0 && (size_t)tag < p->sched.targets)
		families_seen(p->families, to, len, p->sched.target[tag].own);
}

void
probes_on_connected(void *arg, bool v6)
{
	struct probes *p = arg;

	if (p->families)
		families_heard(p->families, loop_now_us(p->loop), v6);
}

bool
probes_families_tick(struct probes *p, int64_t now_us)
{
	int64_t allowance;

	if (!p->families)
		return false;
	allowance = ledger_allowance(p->sched.ledger, now_us);
	return families_tick(p->families, now_us, allowance > PLENTY_BYTES,
	    allowance < LITTLE_BYTES);
}
