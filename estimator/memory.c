/* SPDX-License-Identifier: ISC */
/*
 * What was learnt of a link, in a form that can be stored.
 *
 * Little-endian 16-bit words: per direction whether it is known and the long-run level
 * mass in 1/65535 of its largest bin, then the window, delays and the death rate as
 * scaled logarithms or counts.
 */
#include "estimator/estimator.h"

#include "estimator/evidence.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define MEMORY_VERSION 1
#define WORDS_A_WAY (1 + LEVELS + 3)
#define WORDS (EST_DIRECTIONS * WORDS_A_WAY + 6)
#define OCTAVE 1024.0f /* steps of a logarithm */

_Static_assert(WORDS * 2 <= EST_MEMORY_BYTES, "a memory has to fit");

struct words {
	uint8_t *bytes;
	unsigned at;
};

static void
put(struct words *w, float x)
{
	const unsigned n = (unsigned)lrintf(num_clamp(x, 0.0f, 65535.0f));

	w->bytes[w->at++] = (uint8_t)(n & 0xff);
	w->bytes[w->at++] = (uint8_t)(n >> 8);
}

static float
get(const uint8_t *bytes, unsigned *at)
{
	const unsigned n = bytes[*at] | (unsigned)bytes[*at + 1] << 8;

	*at += 2;
	return (float)n;
}

static float
log_of(float x)
{
	return (num_log2(fmaxf(x, 1e-6f)) + 24.0f) * OCTAVE;
}

static float
from_log(float n)
{
	return num_exp2(n / OCTAVE - 24.0f);
}

static void
save_way(struct words *w, const struct est_way *way)
{
	float most = 1e-12f;

	put(w, way->belief.known ? 1.0f : 0.0f);
	for (int i = 0; i < LEVELS; i++)
		most = fmaxf(most, way->belief.lr[i]);
	for (int i = 0; i < LEVELS; i++)
		put(w, way->belief.lr[i] / most * 65535.0f);
	put(w, way->belief.seen_s);
	put(w, log_of(way->window.initial));
	put(w, way->window.reset * 65535.0f);
}

static void
restore_way(struct est *e, struct est_way *way, const uint8_t *bytes, unsigned *at)
{
	struct belief *b = &way->belief;

	b->known = get(bytes, at) > 0.0f;
	for (int i = 0; i < LEVELS; i++)
		b->lr[i] = get(bytes, at);
	level_normalise(b->lr);
	b->seen_s = fminf(get(bytes, at), 300.0f);
	way->window.initial = num_clamp(from_log(get(bytes, at)), WINDOW_SEGMENT,
	    100.0f * WINDOW_SEGMENT);
	way->window.bytes = way->window.initial;
	way->window.reset = num_clamp(get(bytes, at) / 65535.0f, 0.02f, 0.98f);
	if (!b->known) {
		belief_init(b, e->prior);
		return;
	}
	memcpy(b->mem, b->lr, sizeof b->mem);
	belief_wake(b, e->prior);
}

void
est_save(const struct est *e, struct est_memory *out)
{
	const struct latency *l = &e->latency;
	struct words w = { .bytes = out->bytes };

	memset(out, 0, sizeof *out);
	for (int d = 0; d < EST_DIRECTIONS; d++)
		save_way(&w, &e->way[d]);
	put(&w, l->least_known ? log_of(l->least_s) : 0.0f);
	put(&w, l->wait.known ? log_of(l->wait.mean_s) : 0.0f);
	put(&w, l->wait.known ? log_of(l->wait.dev_s) : 0.0f);
	put(&w, e->fate.outages * 256.0f);
	put(&w, e->fate.alive_s);
	put(&w, 0.0f);
	out->version = MEMORY_VERSION;
	out->len = w.at;
}

int
est_restore(struct est *e, int64_t now_us, const struct est_memory *m)
{
	struct latency *l = &e->latency;
	unsigned at = 0;
	float n;

	if (m->version != MEMORY_VERSION || m->len != WORDS * 2)
		return -EINVAL;
	est_init(e, e->kind, now_us);
	for (int d = 0; d < EST_DIRECTIONS; d++)
		restore_way(e, &e->way[d], m->bytes, &at);
	n = get(m->bytes, &at);
	l->least_known = n > 0.0f;
	l->least_s = l->least_known ? num_clamp(from_log(n), 1e-4f, 10.0f) : 0.0f;
	n = get(m->bytes, &at);
	if (n > 0.0f) {
		l->wait.known = true;
		l->wait.mean_s = num_clamp(from_log(n), 1e-4f, 60.0f);
		l->wait.dev_s = num_clamp(from_log(get(m->bytes, &at)), 1e-5f, 60.0f);
	} else {
		(void)get(m->bytes, &at);
	}
	e->fate.outages = get(m->bytes, &at) / 256.0f;
	e->fate.alive_s = get(m->bytes, &at);
	e->restored = true;
	return 0;
}
