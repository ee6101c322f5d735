/* SPDX-License-Identifier: ISC */
/* POST and GET /v1/hint. */
#include "api/hint_route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/hint.h"
#include "api/json.h"
#include "api/observations.h"

/*
 * What the player tells of its transfers is evidence like any other. A transfer under way
 * can only be told from the next slice of it if it has an id.
 */
static void
observe(struct core *core, const struct hint_request *r, const struct hint_transfer *t,
    bool in_progress)
{
	struct api_observation o;

	if (!t->there || t->reported || t->duration_us <= 0 ||
	    (in_progress && t->id[0] == '\0'))
		return;
	memset(&o, 0, sizeof(o));
	hint_sample(r, t, in_progress, &o.sample);
	o.ended_ago_us = t->ended_ago_us > 0 ? t->ended_ago_us : 0;
	snprintf(o.app, sizeof(o.app), "hint");
	memcpy(o.id, t->id, sizeof(t->id));
	core->source.observe(core->source.ctx, &o);
}

/*
 * The last transfer of a session, where the player does not say when it ended: it was asked
 * for when the last answer said so. A full buffer puts idle time between its end and now.
 */
static void
date_last(struct core *core, struct hint_request *r)
{
	const int64_t now_us = core_now(core);
	int64_t due_us;

	if (!r->last.there || r->last.ended_ago_us >= 0 || r->session[0] == '\0' ||
	    hint_session_get(&core->sessions, r->session, &due_us) == NULL)
		return;
	if (due_us + r->last.duration_us < now_us)
		r->last.ended_ago_us = now_us - due_us - r->last.duration_us;
}

static int
answer_kbps(const struct hint_request *r, const struct hint_choice *c, struct answer *out)
{
	char text[32];
	struct buf b;

	buf_init(&b, text, sizeof(text));
	buf_int(&b, r->rung[c->rendition].avg_kbps);
	buf_char(&b, '\n');
	return answer_text(out, 200, "text/plain; charset=utf-8", &b);
}

static int
answer_json(const struct hint_request *r, const struct est_snapshot *est,
    const struct hint_choice *c, struct answer *out)
{
	static char text[HINT_TEXT_MAX];
	struct buf b;

	buf_init(&b, text, sizeof(text));
	hint_write(r, est, c, &b);
	return answer_text(out, 200, TYPE_JSON, &b);
}

static int
decide(struct core *core, const struct request *rq, struct hint_request *r,
    struct answer *out)
{
	static const char *const formats[] = {"json", "kbps", NULL};
	static struct hint_choice choice;
	const char *known;
	struct api_view view;
	static struct outlook outlook;
	int format = 0;

	if (query_word(&rq->query, "format", formats, &format, &out->problem) != 0)
		return -EINVAL;
	if (rq->method == ROUTE_POST) { /* a GET changes nothing */
		date_last(core, r);
		observe(core, r, &r->last, false);
		observe(core, r, &r->inflight, true);
	}
	known = r->session[0] != '\0' ? hint_session_get(&core->sessions, r->session, NULL) : NULL;
	if (r->current < 0 && known != NULL)
		r->current = hint_find(r, known);
	if (core->source.view(core->source.ctx, NULL, &view) != 0 ||
	    core->source.outlook(core->source.ctx, NULL, &outlook) != 0)
		return problem_set(&out->problem, 503, NULL, "There is no link.");
	hint_decide(r, &outlook, hint_plan_of(&core->plans, r), &core->plans.work, &choice);
	if (rq->method == ROUTE_POST && r->session[0] != '\0') {
		hint_watch_ask(&core->watches, r, &choice, core_now(core));
		hint_session_put(&core->sessions, r->session, r->rung[choice.rendition].id,
		    core_now(core) + choice.plan.wait_us);
	}
	return format == 1 ? answer_kbps(r, &choice, out)
			   : answer_json(r, &view.est, &choice, out);
}

int
hint_answer_get(struct core *core, const struct request *rq, struct answer *out)
{
	static struct hint_request r;

	if (hint_read_query(&rq->query, &r, &out->problem) != 0)
		return -EINVAL;
	return decide(core, rq, &r, out);
}

int
hint_answer_post(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"format", NULL};
	static struct hint_request r;

	if (query_only(&rq->query, names, &out->problem) != 0 ||
	    hint_read_json(rq->body, rq->body_len, &r, &out->problem) != 0)
		return -EINVAL;
	return decide(core, rq, &r, out);
}
