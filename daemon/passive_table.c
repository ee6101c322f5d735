/* SPDX-License-Identifier: ISC */
/* Sockets by cookie: linear probing over a small index, records dense beside it. */
#include "daemon/passive_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
passive_table_init(struct passive_table *t)
{
	memset(t, 0, sizeof(*t));
	/* Only the part that is used is ever touched, and so resident. */
	t->at = calloc(PASSIVE_SOCKETS_MAX, sizeof(*t->at));
	return t->at ? 0 : -ENOMEM;
}

void
passive_table_finish(struct passive_table *t)
{
	free(t->at);
	t->at = NULL;
}

/* Cookies count up by one; the multiplication spreads them (Fibonacci hashing). */
static size_t
home(uint64_t cookie)
{
	return (size_t)((cookie * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (PASSIVE_SLOTS - 1);
}

/* The slot that holds the cookie, or the empty one where it would go. */
static size_t
slot_of(const struct passive_table *t, uint64_t cookie)
{
	size_t i = home(cookie);

	/* At most half of the slots are taken, so an empty one comes. */
	while (t->slot[i] && t->at[t->slot[i] - 1].cookie != cookie)
		i = (i + 1) & (PASSIVE_SLOTS - 1);
	return i;
}

struct passive_socket *
passive_table_find(struct passive_table *t, uint64_t cookie)
{
	size_t i = slot_of(t, cookie);

	return t->slot[i] ? &t->at[t->slot[i] - 1] : NULL;
}

struct passive_socket *
passive_table_add(struct passive_table *t, uint64_t cookie)
{
	size_t i = slot_of(t, cookie);
	struct passive_socket *s;

	assert(t->slot[i] == 0);
	if (t->len == PASSIVE_SOCKETS_MAX)
		return NULL;
	s = &t->at[t->len++];
	memset(s, 0, sizeof(*s));
	s->cookie = cookie;
	t->slot[i] = (uint16_t)t->len;
	return s;
}

/* Close the gap at slot i: what probed past it moves back. */
static void
close_gap(struct passive_table *t, size_t i)
{
	size_t j = i;

	for (;;) {
		size_t h;

		j = (j + 1) & (PASSIVE_SLOTS - 1);
		if (t->slot[j] == 0)
			break;
		h = home(t->at[t->slot[j] - 1].cookie);
		/* It may move to i unless its home lies after i, on the way to j. */
		if (((j - h) & (PASSIVE_SLOTS - 1)) >= ((j - i) & (PASSIVE_SLOTS - 1))) {
			t->slot[i] = t->slot[j];
			i = j;
		}
	}
	t->slot[i] = 0;
}

void
passive_table_remove(struct passive_table *t, struct passive_socket *s)
{
	size_t place = (size_t)(s - t->at), last = t->len - 1;

	assert(place < t->len);
	close_gap(t, slot_of(t, s->cookie));
	if (place != last) {
		t->slot[slot_of(t, t->at[last].cookie)] = (uint16_t)(place + 1);
		*s = t->at[last];
	}
	t->len = last;
}

void
passive_table_clear(struct passive_table *t)
{
	memset(t->slot, 0, sizeof(t->slot));
	t->len = 0;
}
