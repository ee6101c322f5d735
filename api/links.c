/* SPDX-License-Identifier: ISC */
/* /v1/links: those that are up, those that were, what they are called, and an end to it. */
#include "api/links.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/value.h"

#define FORGET_WAIT_US INT64_C(12000000)
#define REMEMBERED_TEXT_MAX 640 /* of one; a name may be all escapes */

static void
remembered_write(struct jw *w, const struct api_remembered *r)
{
	jw_open(w, '{');
	jw_key_text(w, "id", r->link.id);
	jw_key_text(w, "name", r->link.name);
	jw_key_text(w, "interface", r->link.interface);
	jw_key_text(w, "kind", est_link_kind_name(r->link.kind));
	jw_key_bool(w, "up", r->up);
	jw_key_bool(w, "learnt", r->learnt);
	jw_key_time(w, "last_seen", r->seen_wall_us > 0 ? r->seen_wall_us : API_UNKNOWN);
	jw_close(w, '}');
}

/* All that are known; the text is the caller's. */
struct list {
	struct api_remembered at[API_REMEMBERED_MAX];
	size_t len;
};

static struct list *
list_all(struct core *core)
{
	struct list *l = malloc(sizeof(*l));

	if (l != NULL)
		l->len = core->source.remembered(core->source.ctx, l->at);
	return l;
}

int
links_get(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"remembered", NULL};
	static const char *const words[] = {"false", "true", NULL};
	static struct api_view view[API_LINKS_MAX];
	size_t room = API_LINKS_MAX * ESTIMATE_TEXT_MAX + 64, n;
	struct list *list = NULL;
	int remembered = 0, err;
	struct buf b;
	struct jw w;
	char *text;

	if (query_only(&rq->query, names, &out->problem) != 0 ||
	    query_word(&rq->query, "remembered", words, &remembered, &out->problem) != 0)
		return -EINVAL;
	if (remembered == 1 && (list = list_all(core)) == NULL)
		return problem_set(&out->problem, 503, NULL, "Out of memory.");
	room += list != NULL ? list->len * REMEMBERED_TEXT_MAX : 0;
	text = malloc(room);
	if (text == NULL) {
		free(list);
		return problem_set(&out->problem, 503, NULL, "Out of memory.");
	}
	core_refresh(core);
	n = core->source.links(core->source.ctx, view);
	assert(n <= API_LINKS_MAX);
	buf_init(&b, text, room);
	jw_init(&w, &b);
	jw_open(&w, '{');
	jw_key_open(&w, "links", '[');
	for (size_t i = 0; i < n; i++)
		estimate_write(&w, &view[i], core->publish.seq);
	jw_close(&w, ']');
	if (list != NULL)
		jw_key_open(&w, "remembered", '[');
	for (size_t i = 0; list != NULL && i < list->len; i++)
		remembered_write(&w, &list->at[i]);
	if (list != NULL)
		jw_close(&w, ']');
	jw_close(&w, '}');
	err = answer_text(out, 200, TYPE_JSON, &b);
	free(text);
	free(list);
	return err;
}

static const char *
id_of(const struct request *rq)
{
	return rq->query.path + strlen(LINKS_PREFIX);
}

static int
no_such_link(struct answer *out, const char *id)
{
	return problem_set(&out->problem, 404, "id", "There is no link %.20s.", id);
}

int
links_get_one(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {NULL};
	const char *id = id_of(rq);
	char text[ESTIMATE_TEXT_MAX];
	struct api_view view;
	struct buf b;
	struct jw w;

	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	if (core->source.view(core->source.ctx, id, &view) != 0)
		return no_such_link(out, id);
	core_refresh(core);
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	estimate_write(&w, &view, core->publish.seq);
	return answer_text(out, 200, TYPE_JSON, &b);
}

/* --- names ---------------------------------------------------------------------------- */

static int
read_name(const struct request *rq, char name[64], struct problem *p)
{
	struct json_t *v = value_read(rq->body, rq->body_len, NULL, p);
	const struct value_in in = {.object = v, .prefix = "", .p = p};
	int err = 0;

	if (v == NULL)
		return -EINVAL;
	name[0] = '\0';
	if (!value_is_object(v))
		err = problem_set(p, 400, NULL, "The body is not an object.");
	else if (!value_has_only(v, "name"))
		err = problem_set(p, 400, "name", "The body has one member, name: text, or null for none.");
	else
		err = value_text(&in, "name", name, 64);
	value_free(v);
	return err;
}

static int
tell_name(struct core *core, const char *id, struct answer *out)
{
	struct list *list = list_all(core);
	char text[REMEMBERED_TEXT_MAX];
	struct buf b;
	struct jw w;

	if (list == NULL)
		return problem_set(&out->problem, 503, NULL, "Out of memory.");
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->at[i].link.id, id) == 0)
			remembered_write(&w, &list->at[i]);
	free(list);
	return answer_text(out, 200, TYPE_JSON, &b);
}

int
links_name(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {NULL};
	char name[64];

	if (query_only(&rq->query, names, &out->problem) != 0 ||
	    read_name(rq, name, &out->problem) != 0)
		return -EINVAL;
	if (core->source.name(core->source.ctx, id_of(rq), name) != 0)
		return no_such_link(out, id_of(rq));
	core_update(core); /* it is in the very next answer */
	return tell_name(core, id_of(rq), out);
}

/* --- forgetting ------------------------------------------------------------------------ */

static int
forget(struct core *core, const struct api_forget *what, struct answer *out)
{
	int64_t number = core->source.forget(core->source.ctx, what, &out->forgotten_links);

	if (number == -ENOENT)
		return no_such_link(out, what->id);
	if (number < 0) {
		problem_set(&out->problem, 503, NULL, "Too much is being forgotten already.");
		out->problem.retry_after_s = 5;
		return -EINVAL;
	}
	core_update(core);
	out->kind = ANSWER_FORGET;
	out->status = 200;
	out->wait_us = FORGET_WAIT_US;
	out->forget_number = number;
	out->source = &core->source;
	return 0;
}

int
links_forget_one(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {NULL};
	struct api_forget what = {.all = false};

	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	if (strlen(id_of(rq)) > API_LINK_ID_MAX)
		return no_such_link(out, id_of(rq));
	memcpy(what.id, id_of(rq), strlen(id_of(rq)) + 1);
	return forget(core, &what, out);
}

int
links_forget(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"all", "before", NULL};
	static const char *const words[] = {"false", "true", NULL};
	struct api_forget what = {.before_wall_us = INT64_MIN};
	int64_t now_us, wall_us;
	int all = 0;

	core->source.instant(core->source.ctx, &now_us, &wall_us);
	if (query_only(&rq->query, names, &out->problem) != 0 ||
	    query_word(&rq->query, "all", words, &all, &out->problem) != 0 ||
	    query_time(&rq->query, "before", wall_us, &what.before_wall_us, &out->problem) != 0)
		return -EINVAL;
	what.all = all == 1;
	if (what.all == (what.before_wall_us != INT64_MIN))
		return problem_set(&out->problem, 400, "all",
		    "Either all=true or before=TIME says what is to be forgotten.");
	if (what.before_wall_us > wall_us)
		return problem_set(&out->problem, 400, "before", "before is in the future.");
	return forget(core, &what, out);
}

bool
links_are_forgotten(const struct answer *a)
{
	int64_t rows;

	return a->source->forgotten(a->source->ctx, a->forget_number, &rows) != -EAGAIN;
}

int
links_tell_forgotten(struct answer *a)
{
	int64_t rows = 0;
	int err = a->source->forgotten(a->source->ctx, a->forget_number, &rows);
	char text[96];
	struct buf b;
	struct jw w;

	if (err != 0 && err != -EAGAIN)
		return problem_set(&a->problem, 500, NULL,
		    "The links are forgotten, but not all of their history could be deleted: %s.",
		    strerror(-err));
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	jw_open(&w, '{');
	jw_key_int(&w, "links", (int64_t)a->forgotten_links);
	jw_key_int(&w, "rows", err == 0 ? rows : API_UNKNOWN);
	jw_close(&w, '}');
	return answer_text(a, err == 0 ? 200 : 202, TYPE_JSON, &b);
}
