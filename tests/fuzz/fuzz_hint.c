/* SPDX-License-Identifier: ISC */
/* Fuzz: a hint request, as a body and as lines of `linkq decide`, on a link whose rate its
 * first byte sets. What is read must be answered, in JSON, with a rung of the ladder. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/hint.h"
#include "tests/estimator/made_outlook.h"
#include "api/longtext.h"

static int64_t kbps;

static void
must(bool so)
{
	if (!so)
		abort();
}

static void
decide(const struct hint_request *r)
{
	static struct hint_choice choice;
	static struct hint_plans plans;
	static struct outlook outlook;
	static char text[HINT_TEXT_MAX];
	struct est_snapshot est;
	json_t *answer;
	struct buf b;

	memset(&est, 0, sizeof(est));
	est.state = kbps == 20 ? EST_OFFLINE : EST_ONLINE;
	est.rate[EST_DOWN] = (struct est_rate){kbps > 0, kbps / 2, kbps, kbps * 2};
	made_outlook(&outlook, (float)kbps, 0.5f, kbps == 20 ? 0.99f : 0.01f);
	hint_decide(r, &outlook, hint_plan_of(&plans, r), &plans.work, &choice);
	must(choice.rendition >= 0 && choice.rendition < (int)r->rungs);
	must(choice.abandon_to < (int)r->rungs && choice.plan.wait_us >= 0);
	buf_init(&b, text, sizeof(text));
	hint_write(r, &est, &choice, &b);
	must(!b.overflow);
	answer = json_loadb(text, b.len, JSON_REJECT_DUPLICATES, NULL);
	must(answer != NULL);
	json_decref(answer);
}

static void
lines(const char *at, size_t len)
{
	static struct hint_request r;
	struct problem p = {.status = 0};

	r.rungs = 0;
	while (len > 0) {
		const char *end = memchr(at, '\n', len);
		size_t n = end != NULL ? (size_t)(end - at) : len;
		struct hint_line line;

		if (hint_read_line(at, n, &r, &line, &p) != 0)
			return;
		must(r.rungs > 0 && line.t_us >= 0);
		decide(&r);
		n += end != NULL ? 1 : 0;
		at += n;
		len -= n;
	}
}

/* What is taken out is what the parser would have read. */
static void
compare(const char *at, size_t len)
{
	json_t *whole = json_loadb(at, len, JSON_REJECT_DUPLICATES, NULL), *member;
	struct problem p = {.status = 0};
	struct longtext t;
	int error = longtext_take(at, len, "playlist", &t, &p);

	if (whole != NULL && json_is_object(whole)) {
		member = json_object_get(whole, "playlist");
		must(error == 0);
		if (t.text != NULL) {
			json_t *rest = json_loadb(t.rest, t.rest_len, JSON_REJECT_DUPLICATES, NULL);

			must(rest != NULL && json_is_string(member));
			must(t.len == json_string_length(member) &&
			    memcmp(t.text, json_string_value(member), t.len) == 0);
			json_decref(rest);
		}
	} else if (error == 0 && t.text != NULL && whole == NULL) {
		/* refused for something outside the text, which the parser sees as well */
		json_t *rest = json_loadb(t.rest, t.rest_len, JSON_REJECT_DUPLICATES, NULL);

		must(rest == NULL);
	}
	json_decref(whole);
	longtext_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct hint_request r;
	struct problem p = {.status = 0};

	if (len == 0)
		return 0;
	kbps = (int64_t)(data[0] % 64) * (data[0] % 64) * 20;
	if (hint_read_json((const char *)data + 1, len - 1, &r, &p) == 0)
		decide(&r);
	else
		must(p.status == 400 && p.detail[0] != '\0');
	lines((const char *)data + 1, len - 1);
	compare((const char *)data + 1, len - 1);
	return 0;
}
