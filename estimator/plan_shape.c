/* SPDX-License-Identifier: ISC */
/* What a stream is: its rungs and their worth, its buffer, the true sizes of its segments. */
#include "estimator/plan_shape.h"

#include <math.h>
#include <string.h>

/* Worth: bitrate and its logarithm, so that a stall weighs the same in both. */
#define LOG_SHARE 0.45f
#define LOG_STALL 2.66f /* of a second, in the logarithmic account of Pensieve (2017) */
#define STALL 1.25f     /* above one: the table is a little bold, see WANDER_SHARE */
#define CHANGE 1.3f

/*
 * A buffer of a few segments forgives no boldness: from six segments down to two and a half
 * a stall costs more, rungs count more by their ratio, and giving up comes sooner. And at
 * the live edge a stall is latency for the rest of the stream, and the shorter segments are
 * the more of them it is.
 */
#define TIGHT_SEGMENTS 6.0f
#define TIGHTEST_SEGMENTS 2.5f
#define STALL_TIGHT 0.4f
#define LOG_TIGHT 0.2f
#define GIVE_UP_TIGHT_S 0.2f
#define EDGE_S 16.0f /* over the segment: times the price, 4 for segments of 4 s */
#define EDGE_MOST 8.0f

/* Levels reach from where the lowest rung takes twelve times its time to thrice the top. */
#define BELOW_OCTAVES 3.5849625f
#define ABOVE_OCTAVES 1.5849625f
#define STEP_OCTAVES (1.0f / 3.0f)

/* One cannot know after the one what one will know after the other. */
#define GIVE_UP_EARLY_S 1.2f
#define GIVE_UP_LATE_S 3.5f
#define GIVE_UP_SEGMENT_S 3.0f /* for segments from that length on */

#define BUFFER_VOD_S 30.0f   /* where the player does not say */
#define BUFFER_LIVE_S 12.0f
#define BUFFER_LOW_LATENCY_S 3.0f
#define BUFFER_LEAST_SEGMENTS 0.25f

#define RATIO_PRIOR 3.0f
#define RATIO_MOST 30.0f
#define RATIO_OCTAVES 1.5f

/* --- What segments weigh in truth -------------------------------------------------------- */

static int
size_slot(const struct plan *p, float kbps)
{
	int k = 0;

	while (k < PLAN_RUNGS_MAX - 1 && p->size[k].count > 0.0f && p->size[k].kbps != kbps)
		k++;
	return k;
}

void
plan_saw(struct plan *p, const struct plan_rung *rung, int64_t segment_us, int64_t bytes)
{
	const float kbps = (float)rung->avg_kbps;
	const float said = kbps * (float)segment_us * 1e-6f * 125.0f;
	const int k = size_slot(p, kbps);
	float miss;

	if (bytes <= 0 || said <= 0.0f)
		return;
	miss = num_clamp(num_log2((float)bytes) - num_log2(said), -RATIO_OCTAVES, RATIO_OCTAVES);
	if (p->size[k].kbps != kbps) {
		p->size[k].kbps = kbps;
		p->size[k].ratio = p->size[k].count = 0.0f;
	}
	p->ratio_count = fminf(p->ratio_count + 1.0f, RATIO_MOST);
	p->ratio += (miss - p->size[k].ratio - p->ratio) / (p->ratio_count + RATIO_PRIOR);
	p->size[k].count = fminf(p->size[k].count + 1.0f, RATIO_MOST);
	p->size[k].ratio += (miss - p->ratio - p->size[k].ratio) /
	    (p->size[k].count + 2.0f * RATIO_PRIOR);
}

float
plan_size_kbit(const struct plan *p, float kbps, int64_t segment_us)
{
	const int k = size_slot(p, kbps);
	const float own = p->size[k].kbps == kbps ? p->size[k].ratio : 0.0f;

	return kbps * (float)segment_us * 1e-6f * num_exp2(p->ratio + own);
}

float
plan_kbit(const struct plan *p, const struct plan_rung *rung, int64_t segment_us)
{
	return plan_size_kbit(p, (float)rung->avg_kbps, segment_us);
}

/* --- The shape -------------------------------------------------------------------------- */

float
plan_clock_s(const struct plan_question *q, int64_t media_us)
{
	return (float)((double)media_us / (double)q->rate_ppm);
}

bool
plan_allowed(const struct plan_question *q, size_t i)
{
	return !q->rung[i].barred && (q->cap_kbps < 0 || q->rung[i].avg_kbps <= q->cap_kbps) &&
	    (q->cap_height < 0 || q->rung[i].height <= q->cap_height);
}

static float
preset(float told, float otherwise)
{
	return told >= 0.0f ? told : otherwise;
}

/* 0 .. 1 */
static float
tightness(const struct plan_shape *s)
{
	return num_clamp((TIGHT_SEGMENTS - s->most_s / s->segment_s) /
	    (TIGHT_SEGMENTS - TIGHTEST_SEGMENTS), 0.0f, 1.0f);
}

float
plan_worth(const struct plan_question *q, const struct plan_shape *s, float kbps)
{
	const float top = s->kbps[s->rungs - 1] * 1e-3f;
	const float share = LOG_SHARE + LOG_TIGHT * tightness(s);
	const float log = num_clamp(preset(q->weights.log, share), 0.0f, 1.0f);
	const float octaves = num_log2(kbps) - num_log2(s->kbps[0]);

	return (1.0f - log) * kbps * 1e-3f + log * top / LOG_STALL * 0.69314718f * octaves;
}

static void
set_buffer(const struct plan_question *q, struct plan_shape *s)
{
	const float segment_s = plan_clock_s(q, q->segment_us);
	const bool quick = q->mode == PLAN_LOW_LATENCY;
	float cap_s = q->mode == PLAN_VOD ? BUFFER_VOD_S
	    : quick ? BUFFER_LOW_LATENCY_S : fmaxf(BUFFER_LIVE_S, 3.0f * segment_s);
	const float early = num_clamp(segment_s / GIVE_UP_SEGMENT_S, 0.1f, 1.0f);

	if (q->max_buffer_us >= 0)
		cap_s = plan_clock_s(q, q->max_buffer_us);
	s->segment_s = segment_s;
	/* at the live edge a segment comes as it is made, and plays meanwhile */
	s->lead_s = quick ? segment_s : 0.0f;
	s->gain_s = segment_s - s->lead_s;
	s->most_s = fmaxf(cap_s - s->gain_s, BUFFER_LEAST_SEGMENTS * segment_s);
	s->give_up_s[0] = (GIVE_UP_EARLY_S - GIVE_UP_TIGHT_S * tightness(s)) * early;
	s->give_up_s[1] = GIVE_UP_LATE_S * early;
}

static void
set_levels(struct plan_shape *s)
{
	const float high = num_log2(s->kbps[s->rungs - 1]) + ABOVE_OCTAVES;

	s->low = num_log2(s->kbps[0]) - BELOW_OCTAVES;
	s->step = STEP_OCTAVES;
	s->levels = (int)ceilf((high - s->low) / s->step) + 1;
	if (s->levels > PLAN_LEVELS) {
		s->levels = PLAN_LEVELS;
		s->step = (high - s->low) / (float)(PLAN_LEVELS - 1);
	}
}

/* The rungs that may be chosen; how many. */
static int
allowed(const struct plan_question *q, int out[PLAN_RUNGS_MAX])
{
	int n = 0;

	for (size_t i = 0; i < q->rungs; i++)
		if (plan_allowed(q, i))
			out[n++] = (int)i;
	if (n > 0)
		return n;
	out[0] = 0; /* nothing is low enough: the lowest */
	while (out[0] + 1 < (int)q->rungs && q->rung[out[0]].barred)
		out[0]++;
	return 1;
}

void
plan_shape_of(const struct plan_question *q, struct plan_shape *s, int of[PLAN_RUNGS_TABLE])
{
	int all[PLAN_RUNGS_MAX];
	const int n = allowed(q, all), last = PLAN_RUNGS_TABLE - 1;
	float top;

	memset(s, 0, sizeof *s); /* shapes are compared byte by byte */
	s->rungs = n <= PLAN_RUNGS_TABLE ? n : PLAN_RUNGS_TABLE;
	for (int i = 0; i < s->rungs; i++) {
		of[i] = all[n <= PLAN_RUNGS_TABLE ? i : (i * (n - 1) + last / 2) / last];
		s->kbps[i] = (float)q->rung[of[i]].avg_kbps;
	}
	set_buffer(q, s);
	for (int i = 0; i < s->rungs; i++)
		s->worth[i] = plan_worth(q, s, s->kbps[i]);
	top = s->kbps[s->rungs - 1] * 1e-3f;
	if (q->mode == PLAN_LOW_LATENCY)
		top *= num_clamp(EDGE_S / s->segment_s, 1.0f, EDGE_MOST);
	s->stall = (STALL + STALL_TIGHT * tightness(s)) * preset(q->weights.stall, top);
	s->change = CHANGE * preset(q->weights.change, 1.0f);
	s->cells = PLAN_CELLS;
	set_levels(s);
}
