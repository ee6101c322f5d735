/* SPDX-License-Identifier: ISC */
/* What is kept of those who asked for hints last: their plans, and what was chosen. */
#include <stdio.h>
#include <string.h>

#include "api/hint.h"

/* --- Plans ---------------------------------------------------------------------------- */

void
hint_plans_init(struct hint_plans *p)
{
	p->uses = 0;
	for (size_t i = 0; i < HINT_PLANS; i++)
		p->slot[i].used = 0;
}

/* FNV-1a over what makes a table another one. */
static uint64_t
ladder_of(const struct hint_request *r)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < r->rungs; i++)
		hash = (hash ^ (uint64_t)r->rung[i].avg_kbps) * UINT64_C(1099511628211);
	hash = (hash ^ (uint64_t)r->segment_us) * UINT64_C(1099511628211);
	return (hash ^ (uint64_t)r->mode) * UINT64_C(1099511628211);
}

/* Whose it is: of a session, whatever its ladder, or else of a ladder. */
static uint64_t
key_of(const struct hint_request *r)
{
	return r->session[0] != '\0' ? 0 : ladder_of(r);
}

struct plan *
hint_plan_find(struct hint_plans *p, const struct hint_request *r)
{
	const uint64_t ladder = key_of(r);

	for (size_t i = 0; i < HINT_PLANS; i++) {
		if (p->slot[i].used == 0 || p->slot[i].ladder != ladder ||
		    strcmp(p->slot[i].name, r->session) != 0)
			continue;
		p->slot[i].used = ++p->uses;
		return &p->slot[i].plan;
	}
	return NULL;
}

struct plan *
hint_plan_of(struct hint_plans *p, const struct hint_request *r)
{
	struct plan *plan = hint_plan_find(p, r);
	size_t slot = 0;

	if (plan != NULL)
		return plan;
	for (size_t i = 1; i < HINT_PLANS; i++) {
		if (p->slot[i].used < p->slot[slot].used)
			slot = i; /* the one that was not asked for the longest */
	}
	memcpy(p->slot[slot].name, r->session, sizeof(p->slot[slot].name));
	p->slot[slot].ladder = key_of(r);
	p->slot[slot].used = ++p->uses;
	plan_init(&p->slot[slot].plan);
	return &p->slot[slot].plan;
}

/* --- Sessions -------------------------------------------------------------------------- */

void
hint_sessions_init(struct hint_sessions *s)
{
	memset(s, 0, sizeof(*s));
}

const char *
hint_session_get(const struct hint_sessions *s, const char *name, int64_t *due_us)
{
	for (size_t i = 0; i < HINT_SESSIONS; i++) {
		if (s->slot[i].used == 0 || strcmp(s->slot[i].name, name) != 0)
			continue;
		if (due_us != NULL)
			*due_us = s->slot[i].due_us;
		return s->slot[i].rendition;
	}
	return NULL;
}

void
hint_session_put(struct hint_sessions *s, const char *name, const char *rendition,
    int64_t due_us)
{
	size_t slot = 0;

	for (size_t i = 0; i < HINT_SESSIONS; i++) {
		if (s->slot[i].used > 0 && strcmp(s->slot[i].name, name) == 0) {
			slot = i;
			break;
		}
		if (s->slot[i].used < s->slot[slot].used)
			slot = i; /* the one that was not asked for the longest */
	}
	snprintf(s->slot[slot].name, sizeof(s->slot[slot].name), "%s", name);
	snprintf(s->slot[slot].rendition, sizeof(s->slot[slot].rendition), "%s", rendition);
	s->slot[slot].due_us = due_us;
	s->slot[slot].used = ++s->uses;
}
