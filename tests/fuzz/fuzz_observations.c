/* SPDX-License-Identifier: ISC */
/* Fuzz: a body of POST /v1/observations. What is refused counts for nothing; what is taken is
 * within its bounds; the answer is JSON and adds up. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/observations.h"

static size_t fed;

static void
must(bool so)
{
	if (!so)
		abort();
}

static void
instant(void *ctx, int64_t *now_us, int64_t *wall_us)
{
	(void)ctx;
	*now_us = 1000000;
	*wall_us = INT64_C(1795500900250000);
}

static enum est_verdict
observe(void *ctx, const struct api_observation *o)
{
	const struct est_sample *s = &o->sample;

	(void)ctx;
	fed++;
	must(s->bytes >= 0 && s->duration_us >= 0 && o->ended_ago_us >= 0);
	must(s->ttfb_us <= s->duration_us && s->connect_us <= s->duration_us);
	must(s->ttfb_us < 0 || s->connect_us <= s->ttfb_us);
	must(memchr(o->app, '\0', sizeof(o->app)) != NULL);
	must(memchr(o->id, '\0', sizeof(o->id)) != NULL);
	must(!s->in_progress || s->error == EST_ERROR_NONE);
	return fed % 3 == 0 ? EST_REJECT_LATE : EST_TAKEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct api_source source = {.instant = instant, .observe = observe};
	static char text[OBSERVATIONS_ANSWER_MAX];
	struct observations *o = observations_create(&source, NULL, (const char *)data, len);
	struct problem p = {.status = 0};
	struct buf b;
	int more;

	must(o != NULL);
	fed = 0;
	do
		more = observations_step(o, &p);
	while (more == 1);
	if (more != 0) {
		must(fed == 0 && (p.status == 400 || p.status == 413) && p.detail[0] != '\0');
	} else {
		json_t *answer;

		buf_init(&b, text, sizeof(text));
		observations_write(o, &b);
		must(!b.overflow);
		answer = json_loadb(text, b.len, JSON_REJECT_DUPLICATES, NULL);
		must(answer != NULL);
		must(json_integer_value(json_object_get(answer, "accepted")) == (json_int_t)(fed - fed / 3));
		json_decref(answer);
	}
	observations_destroy(o);
	return 0;
}
