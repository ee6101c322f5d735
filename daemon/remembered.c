/* SPDX-License-Identifier: ISC */
/* The links that this host was on. */
#include "daemon/remembered.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

struct remembered_link {
	struct api_link link;
	int64_t seen_wall_us;
	bool up;
	struct est_memory *memory; /* cut to its len; NULL: nothing was learnt */
};

/* What the store keeps: when it was seen, then as much of a memory as there is. */
#define KEPT_HEAD sizeof(int64_t)
#define MEMORY_HEAD offsetof(struct est_memory, bytes)

static struct remembered_link *
find(const struct remembered *r, const char *id)
{
	for (size_t i = 0; i < r->len; i++)
		if (strcmp(r->at[i]->link.id, id) == 0)
			return r->at[i];
	return NULL;
}

static void
key_of(const char *id, char out[32])
{
	(void)snprintf(out, 32, STORE_LINK_KEY "%s", id);
}

static void
keep(const struct remembered *r, const struct remembered_link *k)
{
	unsigned char value[KEPT_HEAD + sizeof(struct est_memory)];
	size_t len = 0;
	char key[32];

	if (!r->store)
		return;
	memcpy(value, &k->seen_wall_us, KEPT_HEAD);
	if (k->memory) {
		len = MEMORY_HEAD + k->memory->len;
		memcpy(value + KEPT_HEAD, k->memory, len);
	}
	key_of(k->link.id, key);
	store_put(r->store, key, value, KEPT_HEAD + len);
}

/* Replaces what was learnt. Without memory it stays what it was. */
static void
learn(struct remembered_link *k, const void *memory, size_t len)
{
	struct est_memory *copy = malloc(len);

	if (!copy)
		return;
	memcpy(copy, memory, len);
	free(k->memory);
	k->memory = copy;
}

static void
take_out(struct remembered *r, size_t i)
{
	free(r->at[i]->memory);
	free(r->at[i]);
	r->at[i] = r->at[--r->len];
}

/* Room for one more. */
static void
drop_oldest(struct remembered *r)
{
	size_t oldest = SIZE_MAX;
	char key[32];

	for (size_t i = 0; i < r->len; i++)
		if (!r->at[i]->up && (oldest == SIZE_MAX ||
			r->at[i]->seen_wall_us < r->at[oldest]->seen_wall_us))
			oldest = i;
	assert(oldest != SIZE_MAX); /* fewer are up than are remembered */
	log_info("links: %s (%s) was seen longest ago and is remembered no more",
	    r->at[oldest]->link.id, r->at[oldest]->link.interface);
	key_of(r->at[oldest]->link.id, key);
	if (r->store)
		store_drop(r->store, key);
	take_out(r, oldest);
}

_Static_assert(API_LINKS_MAX < REMEMBERED_MAX, "one that is not up can always go");

static struct remembered_link *
add(struct remembered *r, const struct api_link *l)
{
	struct remembered_link *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	if (r->len == REMEMBERED_MAX)
		drop_oldest(r);
	k->link = *l;
	r->at[r->len++] = k;
	return k;
}

/* The store gives the last one first: what is beyond our bound is older than all. */
static void
on_link(void *arg, const struct api_link *l, const void *kept, size_t len)
{
	struct remembered *r = arg;
	struct remembered_link *k;
	struct est_memory m = { 0 };

	if (r->len == REMEMBERED_MAX || !kept || len < KEPT_HEAD || !(k = add(r, l)))
		return;
	memcpy(&k->seen_wall_us, kept, KEPT_HEAD);
	len -= KEPT_HEAD;
	if (len < MEMORY_HEAD || len > sizeof(m))
		return;
	memcpy(&m, (const char *)kept + KEPT_HEAD, len);
	if (len == MEMORY_HEAD + m.len) /* else it is of another version */
		learn(k, &m, len);
}

int
remembered_init(struct remembered *r, struct store *store)
{
	int err;

	*r = (struct remembered){ .store = store };
	r->at = calloc(REMEMBERED_MAX, sizeof(struct remembered_link *));
	if (!r->at)
		return -ENOMEM;
	if (!store)
		return 0;
	err = store_each_link(store, on_link, r);
	if (err)
		log_warn("links: what was learnt of them cannot be read: %s", strerror(-err));
	return 0;
}

void
remembered_finish(struct remembered *r)
{
	while (r->len > 0)
		take_out(r, r->len - 1);
	free(r->at);
	r->at = NULL;
}

void
remembered_up(struct remembered *r, struct api_link *l, int64_t wall_us)
{
	struct remembered_link *k = find(r, l->id);

	if (k)
		memcpy(l->name, k->link.name, sizeof(l->name));
	else if (!(k = add(r, l)))
		return;
	k->link = *l;
	k->up = true;
	k->seen_wall_us = wall_us;
	if (r->store)
		store_link(r->store, l);
	keep(r, k);
}

void
remembered_down(struct remembered *r, const char *id, int64_t wall_us)
{
	struct remembered_link *k = find(r, id);

	if (!k)
		return;
	k->up = false;
	k->seen_wall_us = wall_us;
	keep(r, k);
}

void
remembered_learn(struct remembered *r, const char *id, int64_t wall_us,
    const struct est_memory *m)
{
	struct remembered_link *k = find(r, id);

	assert(m->len <= sizeof(m->bytes));
	if (!k)
		return;
	learn(k, m, MEMORY_HEAD + m->len);
	k->seen_wall_us = wall_us;
	keep(r, k);
}

bool
remembered_has(const struct remembered *r, const char *id)
{
	return find(r, id) != NULL;
}

bool
remembered_recall(const struct remembered *r, const char *id, struct est_memory *out)
{
	const struct remembered_link *k = find(r, id);

	if (!k || !k->memory)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out, k->memory, MEMORY_HEAD + k->memory->len);
	return true;
}

static int
later_first(const void *a, const void *b)
{
	const struct api_remembered *x = a, *y = b;

	return (y->seen_wall_us > x->seen_wall_us) - (y->seen_wall_us < x->seen_wall_us);
}

size_t
remembered_list(const struct remembered *r, int64_t wall_us,
    struct api_remembered out[REMEMBERED_MAX])
{
	for (size_t i = 0; i < r->len; i++) {
		const struct remembered_link *k = r->at[i];

		out[i] = (struct api_remembered){ .link = k->link, .up = k->up,
			.learnt = k->memory != NULL,
			.seen_wall_us = k->up ? wall_us : k->seen_wall_us };
	}
	qsort(out, r->len, sizeof(*out), later_first);
	return r->len;
}

int
remembered_name(struct remembered *r, const char *id, const char *name)
{
	struct remembered_link *k = find(r, id);

	if (!k)
		return -ENOENT;
	(void)snprintf(k->link.name, sizeof(k->link.name), "%s", name);
	if (r->store)
		store_link(r->store, &k->link);
	return 0;
}

void
remembered_see(struct remembered *r, int64_t wall_us)
{
	for (size_t i = 0; i < r->len; i++) {
		if (!r->at[i]->up)
			continue;
		r->at[i]->seen_wall_us = wall_us;
		keep(r, r->at[i]);
	}
}

static bool
is_meant(const struct remembered_link *k, const struct api_forget *what)
{
	if (what->all)
		return true;
	if (what->id[0])
		return strcmp(k->link.id, what->id) == 0;
	return !k->up && k->seen_wall_us < what->before_wall_us;
}

size_t
remembered_forget(struct remembered *r, const struct api_forget *what)
{
	size_t n = 0;

	for (size_t i = r->len; i-- > 0;) {
		struct remembered_link *k = r->at[i];

		if (!is_meant(k, what))
			continue;
		n++;
		if (!k->up) {
			take_out(r, i);
			continue;
		}
		free(k->memory);
		k->memory = NULL;
		k->link.name[0] = '\0';
	}
	return n;
}
