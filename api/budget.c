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

#define MEASURE_WAIT_US INT64_C(12000000)

int
measure_answer(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"over_budget", NULL};
	static const char *const words[] = {"false", "true", NULL};
	static struct api_daemon_report report;
	int over = 0, err;

	if (query_only(&rq->query, names, &out->problem) != 0 ||
	    query_word(&rq->query, "over_budget", words, &over, &out->problem) != 0)
		return -EINVAL;
	err = core->source.measure(core->source.ctx, over == 1);
	if (err == -EDQUOT) {
		core->source.daemon(core->source.ctx, &report);
		return problem_set(&out->problem, 429, NULL,
		    "The budget is spent: %lld of %lld bytes of this hour, %lld of %lld of this day.",
		    (long long)report.budget.hour_spent_bytes,
		    (long long)report.budget.hour_limit_bytes,
		    (long long)report.budget.day_spent_bytes,
		    (long long)report.budget.day_limit_bytes);
	}
	if (err != 0)
		return problem_set(&out->problem, 409, NULL, "There are no targets to measure with.");
	out->kind = ANSWER_WAIT;
	out->status = 200;
	out->wait_us = MEASURE_WAIT_US;
	out->measures = true;
	return 0;
}
