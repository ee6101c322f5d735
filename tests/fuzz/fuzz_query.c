/* SPDX-License-Identifier: ISC */
/* Fuzz: the target of a request, and all that is read of it: names, numbers, times, the range
 * of an export, a hint. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/history.h"
#include "api/hint.h"
#include "api/json.h"
#include "api/query.h"
#include "api/when.h"

#define NOW_US INT64_C(1795500900250000)

static void
must(bool so)
{
	if (!so)
		abort();
}

/* Decoded text is UTF-8 without control characters. */
static void
must_be_clean(const char *text)
{
	size_t len = strlen(text), n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(text + i, len - i);
		must(n > 0 && (unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
	}
}

static void
read_all(const struct query *q)
{
	static struct hint_request hint;
	struct problem p = {.status = 0};
	struct api_range range;
	int64_t n = -1;

	must_be_clean(q->path);
	for (size_t i = 0; i < q->params; i++) {
		must_be_clean(q->param[i].name);
		must_be_clean(q->param[i].value);
		must(query_get(q, q->param[i].name) == q->param[i].value);
		when_parse(q->param[i].value, NOW_US, &n);
		if (query_int(q, q->param[i].name, 5, 500, &n, &p) == 0)
			must(n >= 5 && n <= 500);
		if (query_seconds(q, q->param[i].name, 1000000, &n, &p) == 0)
			must(n >= 0 && n <= 1000000);
	}
	if (history_range(q, NOW_US, &range, &p) == 0)
		must(range.from_wall_us <= range.to_wall_us && range.step_us >= 0);
	if (hint_read_query(q, &hint, &p) == 0)
		must(hint.rungs > 0 && hint.segment_us > 0 && hint.rate_ppm > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct problem p = {.status = 0};
	char *target = malloc(len + 1);
	struct query q;

	must(target != NULL);
	memcpy(target, data, len);
	target[len] = '\0';
	if (query_parse(&q, target, &p) == 0)
		read_all(&q);
	else
		must(p.status == 400 && p.detail[0] != '\0');
	free(target);
	return 0;
}
