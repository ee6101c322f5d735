/* SPDX-License-Identifier: ISC */
/* Opens the export that a query asks for: rows, or how long which conditions lasted. */
#include "api/history.h"

#include <errno.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define PRESET_US (INT64_C(24) * 3600 * SECOND_US) /* without from: the last day */
#define RETRY_S 2

static int
read_format(const struct query *q, struct api_range *r, struct problem *p)
{
	static const char *const formats[] = {"csv", "jsonl", "json", NULL};
	bool csv = strcmp(q->path, "/v1/history.csv") == 0;
	int format = csv ? API_CSV : API_JSON;

	if (query_word(q, "format", formats, &format, p) != 0)
		return -EINVAL;
	if (csv && format != API_CSV)
		return problem_set(p, 400, "format", "%s is CSV.", q->path);
	r->format = (enum api_format)format;
	return 0;
}

static int
read_step(const struct query *q, struct api_range *r, struct problem *p)
{
	static const char *const steps[] = {"1s", "1m", "1h", NULL};
	static const int64_t us[] = {SECOND_US, 60 * SECOND_US, 3600 * SECOND_US};
	int step = -1;

	if (query_word(q, "step", steps, &step, p) != 0)
		return -EINVAL;
	if (step >= 0 && r->what != API_ESTIMATES)
		return problem_set(p, 400, "step", "step is for what=estimates alone.");
	r->step_us = step < 0 ? 0 : us[step];
	return 0;
}

/* columns and tz. */
static int
read_more(const struct query *q, struct api_range *r, struct problem *p)
{
	static const char *const columns[] = {"usual", "all", NULL};
	const char *zone = query_get(q, "tz");
	int which = 0;

	if (query_word(q, "columns", columns, &which, p) != 0)
		return -EINVAL;
	r->more.spreads = which == 1;
	if (r->more.spreads && r->step_us <= SECOND_US)
		return problem_set(p, 400, "columns", "columns=all is for step=1m and step=1h.");
	if (zone != NULL && rows_more_zone(zone, &r->more) != 0)
		return problem_set(p, 400, "tz", "tz is not local, UTC, +HH:MM or -HH:MM.");
	return 0;
}

/* from, to and link. */
static int
read_where(const struct query *q, int64_t now_wall_us, struct api_range *r, struct problem *p)
{
	const char *link = query_get(q, "link");

	r->from_wall_us = now_wall_us - PRESET_US;
	r->to_wall_us = now_wall_us;
	if (query_time(q, "from", now_wall_us, &r->from_wall_us, p) != 0 ||
	    query_time(q, "to", now_wall_us, &r->to_wall_us, p) != 0)
		return -EINVAL;
	if (query_get(q, "from") == NULL && query_get(q, "to") != NULL)
		r->from_wall_us = r->to_wall_us - PRESET_US;
	if (r->from_wall_us > r->to_wall_us)
		return problem_set(p, 400, "from", "from is later than to.");
	if (link != NULL && (*link == '\0' || strlen(link) > API_LINK_ID_MAX))
		return problem_set(p, 400, "link", "link is not an id of a link.");
	if (link != NULL)
		memcpy(r->link, link, strlen(link) + 1);
	return 0;
}

int
history_range(const struct query *q, int64_t now_wall_us, struct api_range *out,
    struct problem *p)
{
	static const char *const names[] = {"what", "from", "to", "step", "link", "format",
	    "columns", "tz", NULL};
	static const char *const whats[] = {"estimates", "observations", "events", NULL};
	struct api_range r;
	int what = API_ESTIMATES;

	memset(&r, 0, sizeof(r));
	if (query_only(q, names, p) != 0 || query_word(q, "what", whats, &what, p) != 0)
		return -EINVAL;
	r.what = (enum api_what)what;
	if (read_format(q, &r, p) != 0 || read_step(q, &r, p) != 0 ||
	    read_more(q, &r, p) != 0 || read_where(q, now_wall_us, &r, p) != 0)
		return -EINVAL;
	*out = r;
	return 0;
}

int
history_window(const struct query *q, int64_t now_wall_us, struct api_range *out,
    struct problem *p)
{
	static const char *const names[] = {"from", "to", "link", "by", "format", NULL};
	static const char *const bys[] = {"hour", NULL};
	struct api_range r;
	int by = -1;

	memset(&r, 0, sizeof(r));
	r.what = API_CONDITIONS;
	if (query_only(q, names, p) != 0 || query_word(q, "by", bys, &by, p) != 0 ||
	    read_format(q, &r, p) != 0 || read_where(q, now_wall_us, &r, p) != 0)
		return -EINVAL;
	r.by_hour = by == 0;
	/* Seconds are what is counted. */
	r.from_wall_us -= r.from_wall_us % SECOND_US;
	r.to_wall_us -= r.to_wall_us % SECOND_US;
	*out = r;
	return 0;
}

static int
open_rows(struct core *core, const struct api_range *r, struct answer *out)
{
	int error = core->source.history_open(core->source.ctx, r, &out->rows);

	if (error == 0)
		return 0;
	if (error == -ENOENT)
		return problem_set(&out->problem, 404, "link", "There is no link %s.", r->link);
	problem_set(&out->problem, 503, NULL, "%s",
	    error == -EBUSY ? "Too many exports run at once." : "The history cannot be read now.");
	out->problem.retry_after_s = RETRY_S;
	return -EINVAL;
}

static int
answer_rows(struct core *core, const struct request *rq, const struct api_range *r,
    struct answer *out)
{
	static const char *const types[] = {
		[API_CSV] = "text/csv; charset=utf-8; header=present",
		[API_JSONL] = "application/x-ndjson",
		[API_JSON] = TYPE_JSON,
	};
	static const char *const files[] = {
		[API_ESTIMATES] = "attachment; filename=\"linkqd-estimates.csv\"",
		[API_OBSERVATIONS] = "attachment; filename=\"linkqd-observations.csv\"",
		[API_EVENTS] = "attachment; filename=\"linkqd-events.csv\"",
		[API_CONDITIONS] = "attachment; filename=\"linkqd-conditions.csv\"",
	};

	if (rq->method == ROUTE_GET && open_rows(core, r, out) != 0)
		return -EINVAL;
	out->kind = ANSWER_ROWS;
	out->status = 200;
	out->type = types[r->format];
	out->disposition = r->format == API_CSV ? files[r->what] : NULL;
	return 0;
}

int
history_answer(struct core *core, const struct request *rq, struct answer *out)
{
	int64_t now_us, wall_us;
	struct api_range r;

	core->source.instant(core->source.ctx, &now_us, &wall_us);
	if (history_range(&rq->query, wall_us, &r, &out->problem) != 0)
		return -EINVAL;
	return answer_rows(core, rq, &r, out);
}

int
conditions_answer(struct core *core, const struct request *rq, struct answer *out)
{
	int64_t now_us, wall_us;
	struct api_range r;

	core->source.instant(core->source.ctx, &now_us, &wall_us);
	if (history_window(&rq->query, wall_us, &r, &out->problem) != 0)
		return -EINVAL;
	return answer_rows(core, rq, &r, out);
}
