/* SPDX-License-Identifier: ISC */
/* Tells what measuring has cost on the wire, and what it may. */
#include "api/budget.h"

#include <errno.h>

#include "api/json.h"

static void
limit(struct jw *w, const char *name, int64_t limit_bytes, int64_t spent_bytes)
{
	jw_key_open(w, name, '{');
	jw_key_int(w, "limit_bytes", limit_bytes);
	jw_key_int(w, "spent_bytes", spent_bytes);
}

void
budget_write(struct jw *w, const struct api_budget_report *g, int64_t wall_us)
{
	int64_t in_us = g->day_resets_in_us;

	limit(w, "hour", g->hour_limit_bytes, g->hour_spent_bytes);
	jw_close(w, '}');
	limit(w, "day", g->day_limit_bytes, g->day_spent_bytes);
	jw_key_time(w, "resets_at", in_us < 0 ? API_UNKNOWN : wall_us + in_us);
	jw_close(w, '}');
	jw_key_int(w, "allowance_bytes", g->allowance_bytes);
	jw_key_bool(w, "metered", g->metered);
}

int
budget_answer(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {NULL};
	static struct api_daemon_report report;
	const struct api_budget_report *g = &report.budget;
	int64_t now_us, wall_us, in_us;
	char text[1024];
	struct buf b;
	struct jw w;

	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	core->source.instant(core->source.ctx, &now_us, &wall_us);
	core->source.daemon(core->source.ctx, &report);
	in_us = report.next_probe_in_us;
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	jw_open(&w, '{');
	budget_write(&w, g, wall_us);
	jw_key_open(&w, "next_probe", '{');
	jw_key_int(&w, "in_ms", in_us < 0 ? API_UNKNOWN : in_us / 1000);
	jw_key_text(&w, "kind", report.next_probe_kind);
	jw_key_int(&w, "bytes", g->next_probe_bytes < 0 ? API_UNKNOWN : g->next_probe_bytes);
	jw_key_text(&w, "reason", report.next_probe_reason);
	jw_close(&w, '}');
	jw_close(&w, '}');
	return answer_text(out, 200, TYPE_JSON, &b);
}
