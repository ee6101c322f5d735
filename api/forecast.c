/* SPDX-License-Identifier: ISC */
/* Tells what is expected ahead on a link, from its own past. */
#include "api/forecast.h"

#include <errno.h>
#include <math.h>

#include "api/json.h"

#define TEXT_MAX 8192
#define SECOND_US INT64_C(1000000)

static void
key_number(struct jw *w, const char *key, double n, unsigned decimals)
{
	jw_key_fixed(w, key, llround(n * pow(10.0, decimals)), decimals);
}

static void
key_length(struct jw *w, const char *key, const struct ahead_length *l)
{
	if (!l->known) {
		jw_key_null(w, key);
		return;
	}
	jw_key_open(w, key, '{');
	key_number(w, "p50", l->p50_s, 0);
	key_number(w, "p90", l->p90_s, 0);
	key_number(w, "mean", l->mean_s, 0);
	jw_close(w, '}');
}

static void
within(struct jw *w, const struct ahead_news *n)
{
	if (!n->known) {
		jw_key_null(w, "within");
		return;
	}
	jw_key_open(w, "within", '[');
	for (int h = 0; h < AHEAD_HORIZONS; h++) {
		jw_open(w, '{');
		jw_key_int(w, "seconds", ahead_horizon_s[h]);
		key_number(w, "probability", n->chance[h], 4);
		key_number(w, "usual", n->usual[h], 4);
		key_length(w, "length_s", &n->length[h]);
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static void
hours(struct jw *w, const struct api_forecast *f)
{
	jw_key_open(w, "hours", '[');
	for (int i = 0; i < API_AHEAD_HOURS; i++) {
		const struct ahead_hour *of = &f->hour[i].of;

		jw_open(w, '{');
		jw_key_time(w, "from", f->hour[i].from_wall_us);
		if (f->news.known && of->known) {
			jw_key_open(w, "down_kbps", '{');
			jw_key_int(w, "p10", llround(of->kbps_p10));
			jw_key_int(w, "p50", llround(of->kbps_p50));
			jw_key_int(w, "p90", llround(of->kbps_p90));
			jw_close(w, '}');
		} else {
			jw_key_null(w, "down_kbps");
		}
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static void
basis(struct jw *w, const struct api_forecast *f)
{
	const struct ahead_news *n = &f->news;

	jw_key_text(w, "unknown", f->reading ? "reading" : !n->known ? "history" : NULL);
	jw_key_open(w, "basis", '{');
	jw_key_time(w, "since", n->since_s > 0 ? n->since_s * SECOND_US : API_UNKNOWN);
	jw_key_int(w, "days", n->days);
	jw_key_int(w, "outages", n->outages);
	jw_close(w, '}');
}

int
forecast_answer(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = { "link", NULL };
	static struct api_forecast f;
	const char *link = query_get(&rq->query, "link");
	static char text[TEXT_MAX];
	struct buf b;
	struct jw w;

	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	if (core->source.forecast(core->source.ctx, link, &f) != 0)
		return problem_set(&out->problem, 404, "link", "There is no link %.20s.",
		    link != NULL ? link : "");
	buf_init(&b, text, sizeof text);
	jw_init(&w, &b);
	jw_open(&w, '{');
	jw_key_time(&w, "time", f.wall_us);
	jw_key_text(&w, "link", f.link);
	basis(&w, &f);
	within(&w, &f.news);
	if (f.news.known && f.news.in_outage) {
		jw_key_open(&w, "outage", '{');
		jw_key_time(&w, "since", f.outage_since_wall_us);
		key_length(&w, "remaining_s", &f.news.remaining);
		jw_close(&w, '}');
	} else {
		jw_key_null(&w, "outage");
	}
	hours(&w, &f);
	jw_close(&w, '}');
	return answer_text(out, 200, TYPE_JSON, &b);
}
