/* SPDX-License-Identifier: ISC */
/* Observations on their way to the daemon. */
#include "daemon/cli/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/words.h"

#define ENDED_ROOM 40 /* what ended_ms_ago adds */

int64_t
batch_clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

int
batch_init(struct batch *b, char **argv, struct client *client)
{
	memset(b, 0, sizeof *b);
	b->argv = argv;
	b->client = client;
	b->list = json_array();
	return b->list != NULL ? 0 : -ENOMEM;
}

void
batch_finish(struct batch *b)
{
	json_decref(b->list);
	b->list = NULL;
}

void
batch_reject(struct batch *b, long place, const char *reason)
{
	char clean[200];
	size_t len = strlen(words_clean(reason, clean, sizeof clean));

	b->rejected++;
	if (b->complaints == BATCH_COMPLAINTS_MAX)
		return;
	b->complaints++;
	if (len > 0 && clean[len - 1] == '.')
		clean[len - 1] = '\0';
	if (b->place != NULL)
		cli_fail(b->argv, "%s %ld: %s.", b->place, place, clean);
	else
		cli_fail(b->argv, "%s.", clean);
	if (b->complaints == BATCH_COMPLAINTS_MAX)
		cli_fail(b->argv, "further reasons are not shown.");
}

static void
take_answer(struct batch *b, const json_t *answer)
{
	const json_t *rejected = json_object_get(answer, "rejected");
	size_t i;
	json_t *r;

	b->accepted += (long)json_integer_value(json_object_get(answer, "accepted"));
	json_array_foreach(rejected, i, r) {
		json_int_t index = json_integer_value(json_object_get(r, "index"));
		const char *reason = json_string_value(json_object_get(r, "reason"));

		if (index < 0 || (size_t)index >= json_array_size(b->list))
			index = 0;
		batch_reject(b, b->item[index].place, reason != NULL ? reason : "rejected");
	}
}

/* Those that ended when they were read have aged since. */
static void
put_ages(struct batch *b)
{
	int64_t now = batch_clock_us();
	size_t i;
	json_t *o;

	json_array_foreach(b->list, i, o) {
		int64_t ms = (now - b->item[i].read_us) / 1000;

		if (b->item[i].read_us >= 0 && ms > 0)
			json_object_set_new(o, "ended_ms_ago", json_integer(ms));
	}
}

int
batch_flush(struct batch *b)
{
	json_t *answer;
	int r;

	if (json_array_size(b->list) == 0)
		return 0;
	put_ages(b);
	r = client_post_json(b->client, "/v1/observations", b->list, &answer);
	if (r == 0) {
		take_answer(b, answer);
		json_decref(answer);
	} else {
		client_complain(b->argv, b->client, r);
	}
	json_array_clear(b->list);
	b->bytes = 0;
	return r;
}

int
batch_add(struct batch *b, json_t *observation, long place, bool live)
{
	bool timed = json_object_get(observation, "ended_at") != NULL ||
	    json_object_get(observation, "ended_ms_ago") != NULL;
	size_t len;
	int r = 0;

	if (!json_is_object(observation)) {
		json_decref(observation);
		batch_reject(b, place, "an observation must be an object");
		return 0;
	}
	if (b->app != NULL && json_object_get(observation, "app") == NULL)
		json_object_set_new(observation, "app", json_string(b->app));
	len = json_dumpb(observation, NULL, 0, JSON_COMPACT) + ENDED_ROOM;
	if (len > BATCH_ONE_MAX) {
		json_decref(observation);
		batch_reject(b, place, "it is too long for an observation");
		return 0;
	}
	if (b->bytes + len > BATCH_BYTES_MAX || json_array_size(b->list) == BATCH_MAX)
		r = batch_flush(b);
	if (json_array_size(b->list) == 0)
		b->since_us = batch_clock_us();
	b->item[json_array_size(b->list)] = (struct batch_item){
		.place = place,
		.read_us = live && !timed ? batch_clock_us() : -1,
	};
	b->bytes += len;
	json_array_append_new(b->list, observation);
	return r;
}

int64_t
batch_waiting_since(const struct batch *b)
{
	return json_array_size(b->list) > 0 ? b->since_us : -1;
}

int
batch_result(struct batch *b, bool quiet)
{
	if (!quiet && b->accepted + b->rejected == 0)
		puts("Nothing to report.");
	else if (!quiet)
		printf("%ld accepted, %ld rejected.\n", b->accepted, b->rejected);
	return cli_end(b->argv, b->accepted == 0 && b->rejected > 0 ? CLI_FAILED : CLI_OK);
}
