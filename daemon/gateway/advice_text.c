/* SPDX-License-Identifier: ISC */
/* Questions to the daemon as JSON, and its answers. */
#include "daemon/gateway/advice_text.h"

#include "api/json.h"
#include "api/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
write_index(struct jw *w, const char *key, int64_t index)
{
	if (index >= 0)
		jw_key_int(w, key, index);
}

static void
write_seconds(struct jw *w, const char *key, int64_t us)
{
	if (us >= 0)
		jw_key_fixed(w, key, us, 6);
}

static void
write_member(struct jw *w, const char *key, const struct hint_transfer *t)
{
	if (!t->there)
		return;
	jw_key_open(w, key, '{');
	write_index(w, "rendition", t->rendition);
	jw_key_int(w, "bytes", t->bytes);
	write_index(w, "total_bytes", t->total_bytes);
	write_seconds(w, "duration_s", t->duration_us);
	write_seconds(w, "ttfb_s", t->ttfb_us);
	if (t->ended_ago_us >= 0)
		jw_key_fixed(w, "ended_ms_ago", t->ended_ago_us, 3);
	jw_key_bool(w, "aborted", t->aborted);
	jw_key_bool(w, "reported", t->reported);
	jw_close(w, '}');
}

static void
write_rung(struct jw *w, const struct ladder_rung *g, size_t i)
{
	char id[24];

	snprintf(id, sizeof(id), "r%zu", i);
	jw_open(w, '{');
	jw_key_text(w, "id", id);
	jw_key_int(w, "avg_kbps", g->avg_kbps);
	jw_key_int(w, "peak_kbps", g->peak_kbps);
	if (g->height > 0)
		jw_key_int(w, "height", g->height);
	jw_close(w, '}');
}

void
advice_write(const struct hint_request *r, struct buf *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_open(&w, '{');
	jw_key_open(&w, "ladder", '[');
	for (size_t i = 0; i < r->rungs; i++)
		write_rung(&w, &r->rung[i], i);
	jw_close(&w, ']');
	jw_key_text(&w, "session", r->session);
	write_index(&w, "current", r->current);
	write_seconds(&w, "buffer_s", r->buffer_us);
	write_seconds(&w, "max_buffer_s", r->max_buffer_us);
	write_seconds(&w, "segment_s", r->segment_us);
	jw_key_text(&w, "mode", r->mode == PLAN_VOD ? "vod" : "live");
	if (r->segments_left > 0) {
		jw_key_int(&w, "segment", 0);
		jw_key_int(&w, "segments", r->segments_left);
	}
	if (r->cap_kbps > 0 || r->cap_height > 0) {
		jw_key_open(&w, "cap", '{');
		if (r->cap_kbps > 0)
			jw_key_int(&w, "max_kbps", r->cap_kbps);
		if (r->cap_height > 0)
			jw_key_int(&w, "max_height", r->cap_height);
		jw_close(&w, '}');
	}
	write_member(&w, "last", &r->last);
	write_member(&w, "inflight", &r->inflight);
	jw_close(&w, '}');
}

void
advice_write_transfer(const struct advice_transfer *t, const char *app, int64_t now_us,
    struct buf *out)
{
	char id[64];
	struct jw w;

	snprintf(id, sizeof(id), "%.40s-%llu", app, (unsigned long long)t->number);
	jw_init(&w, out);
	jw_open(&w, '{');
	jw_key_text(&w, "id", id);
	jw_key_text(&w, "app", "linkq-hls");
	jw_key_text(&w, "direction", "down");
	jw_key_int(&w, "bytes", t->bytes);
	jw_key_fixed(&w, "duration_ms", t->duration_us, 3);
	if (t->ttfb_us >= 0)
		jw_key_fixed(&w, "ttfb_ms", t->ttfb_us, 3);
	jw_key_fixed(&w, "ended_ms_ago", now_us - t->ended_us, 3);
	jw_key_bool(&w, "in_progress", t->in_progress);
	jw_key_bool(&w, "ok", t->error == NULL);
	if (t->error != NULL)
		jw_key_text(&w, "error", t->error);
	jw_close(&w, '}');
}

/* r7 */
static int
index_of(const char *id, size_t rungs)
{
	char *end;
	long n;

	if (id == NULL || id[0] != 'r' || id[1] < '0' || id[1] > '9')
		return -1;
	n = strtol(id + 1, &end, 10);
	return *end == '\0' && n < (long)rungs ? (int)n : -1;
}

static int
read_answer(const struct json_t *v, size_t rungs, struct advice_answer *out)
{
	struct problem p;
	const struct json_t *abandon = value_get(v, "abandon");
	struct value_in in = {.object = v, .prefix = "", .p = &p};
	struct value_in inner = {.object = abandon, .prefix = "abandon.", .p = &p};
	const char *reason = value_string(value_get(v, "reason"));
	bool leave = false;
	int64_t rung = -1;

	*out = (struct advice_answer){.abandon_to = -1, .of_daemon = true};
	if (!value_is_object(v) || value_int(&in, "index", 0, (int64_t)rungs - 1, &rung) != 0 ||
	    rung < 0 || value_text(&in, "cmsd", out->cmsd, sizeof(out->cmsd)) != 0)
		return -EINVAL;
	out->rung = (int)rung;
	out->outage = reason != NULL && strcmp(reason, "outage") == 0;
	if (value_is_object(abandon) && value_bool(&inner, "do", &leave) == 0 && leave)
		out->abandon_to = index_of(value_string(value_get(abandon, "to")), rungs);
	return 0;
}

int
advice_read(const char *text, size_t len, size_t rungs, struct advice_answer *out)
{
	struct problem p;
	struct json_t *v = value_read(text, len, NULL, &p);
	int error = -EINVAL;

	if (v != NULL)
		error = read_answer(v, rungs, out);
	value_free(v);
	return error;
}

void
advice_cmsd(const char *said, char *out, size_t size)
{
	struct buf b;

	buf_init(&b, out, size - 1);
	buf_text(&b, "\"linkq\"");
	while (*said != '\0') {
		size_t len = strcspn(said, ",");

		buf_char(&b, ';');
		buf_bytes(&b, said, len);
		said += len + (said[len] == ',');
	}
	out[b.len] = '\0';
}
