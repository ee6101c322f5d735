/* SPDX-License-Identifier: ISC */
/* How good the link is in a word, and its effective type. */
#include "estimator/change.h"

#include <assert.h>

#define BETTER_US INT64_C(2500000) /* a better word has to hold for so long */
#define WORSE_US INT64_C(1500000)
#define MARGIN 1.15f /* and the figures have to be that much better than the edge */

struct edge {
	float kbps, rtt_s, loss; /* at least, at most, at most */
};

/* A video call, and a page or a small picture, in comfort. */
static const struct edge good = { 3000.0f, 0.25f, 0.05f };
static const struct edge moderate = { 500.0f, 0.8f, 0.2f };

/* The margin makes the edge harder to pass (above 1) or to fall under (below 1). */
static bool
passes(const struct change_figures *f, const struct edge *e, float margin)
{
	if (f->kbps >= 0.0f && f->kbps < e->kbps * margin)
		return false;
	if (f->rtt_s >= 0.0f && f->rtt_s > e->rtt_s / margin)
		return false;
	return !(f->loss >= 0.0f && f->loss > e->loss / margin);
}

static enum est_quality
judge(const struct change_figures *f, enum est_quality was)
{
	if (f->outage)
		return EST_QUALITY_MINIMAL;
	if (f->kbps < 0.0f && f->rtt_s < 0.0f)
		return EST_QUALITY_UNKNOWN;
	/* Of a rate that nobody saw, nobody can say that it is good. */
	if (f->kbps >= 0.0f && passes(f, &good, was == EST_QUALITY_GOOD ? 1.0f / MARGIN : MARGIN))
		return EST_QUALITY_GOOD;
	if (passes(f, &moderate, was >= EST_QUALITY_MODERATE ? 1.0f / MARGIN : MARGIN))
		return EST_QUALITY_MODERATE;
	return EST_QUALITY_MINIMAL;
}

void
change_quality(struct change *c, int64_t now_us, const struct change_figures *f)
{
	const enum est_quality is = judge(f, c->quality);
	const bool worse = is < c->quality;
	int64_t hold_us = worse ? WORSE_US : BETTER_US;

	if (is == c->quality) {
		c->next_quality = is;
		return;
	}
	if (c->quality == EST_QUALITY_UNKNOWN || is == EST_QUALITY_UNKNOWN || f->outage)
		hold_us = 0;
	/*
	 * From minimal by way of moderate to good the time counts as one; the word is then
	 * the least that held.
	 */
	if (c->next_quality == c->quality || worse != (c->next_quality < c->quality)) {
		c->next_quality = is;
		c->next_since_us = now_us;
	} else if (worse == (is > c->next_quality)) {
		c->next_quality = is;
	}
	if (now_us - c->next_since_us >= hold_us)
		c->quality = hold_us == 0 ? is : c->next_quality;
}

enum est_effective
change_effective(float kbps, float rtt_s)
{
	/* https://wicg.github.io/netinfo/#effective-connection-types */
	static const struct {
		float rtt_s, kbps;
		enum est_effective type;
	} table[] = {
		{ 2.000f, 50.0f, EST_EFFECTIVE_SLOW_2G },
		{ 1.400f, 70.0f, EST_EFFECTIVE_2G },
		{ 0.270f, 700.0f, EST_EFFECTIVE_3G },
	};

	if (kbps < 0.0f && rtt_s < 0.0f)
		return EST_EFFECTIVE_UNKNOWN;
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
		if (rtt_s >= table[i].rtt_s || (kbps >= 0.0f && kbps <= table[i].kbps))
			return table[i].type;
	return EST_EFFECTIVE_4G;
}
