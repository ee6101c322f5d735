/* SPDX-License-Identifier: ISC */
/* Requests of applications that are open. */
#include "daemon/requests.h"

#include <assert.h>
#include <string.h>

int
requests_init(struct requests *r)
{
	memset(r, 0, sizeof(*r));
	return digest_salt_make(&r->salt);
}

uint64_t
requests_number(const struct requests *r, const char *app, const char *id)
{
	return (digest_number(&r->salt, app, id) >> 1) | 1;
}

/* Its place, or a free one, or NULL. Linear probing would need tombstones; the table is
 * small and mostly empty, so that `open` ends the search early. */
static struct request *
find(struct requests *r, uint64_t number)
{
	struct request *free_place = NULL;
	unsigned seen = 0;

	for (unsigned i = 0; i < REQUESTS_MAX; i++) {
		struct request *q = &r->at[i];

		if (q->number == number)
			return q;
		if (q->number == 0 && !free_place)
			free_place = q;
		seen += q->number != 0;
		if (seen == r->open && free_place)
			break;
	}
	return free_place;
}

int64_t
requests_report(struct requests *r, uint64_t number, int64_t now_us, int64_t bytes, bool open)
{
	struct request *q = find(r, number);
	int64_t more;

	assert(number != 0);
	if (!q)
		return open ? 0 : bytes;
	if (q->number == 0) {
		*q = (struct request){ .number = number };
		r->open++;
	}
	more = bytes > q->bytes ? bytes - q->bytes : 0;
	q->bytes = bytes > q->bytes ? bytes : q->bytes;
	q->told_us = now_us;
	if (!open) {
		q->number = 0;
		q->bytes = 0;
		r->open--;
	}
	return more;
}

uint64_t
requests_stale(struct requests *r, int64_t now_us)
{
	for (unsigned i = 0, seen = 0; seen < r->open; i++) {
		struct request *q = &r->at[i];
		uint64_t number = q->number;

		if (number == 0)
			continue;
		seen++;
		if (now_us - q->told_us < REQUESTS_STALE_US)
			continue;
		*q = (struct request){ 0 };
		r->open--;
		return number;
	}
	return 0;
}
