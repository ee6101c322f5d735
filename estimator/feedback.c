/* SPDX-License-Identifier: ISC */
/* Slow calibration of forecasts by what came true. */
#include "estimator/forecast.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define GAIN 0.006f /* octaves; five times as much chases noise */
#define COULD_CARRY 0.03f /* octaves: what is seen is a little less than could have been */
#define OFFSET_MOST 1.5f
#define BODY_LEAST_S 3.0f
#define LIMITED_MOST 0.3f
#define NOTE_EVERY_US INT64_C(1000000)

void
feedback_init(struct feedback *f)
{
	*f = (struct feedback){ .noted_us = INT64_MIN / 2 };
}

void
feedback_seen(struct feedback *f, float bytes, float dt_s, bool limited)
{
	for (int i = 0; i < FORECASTS_KEPT; i++) {
		if (f->past[i].until_us == 0)
			continue;
		f->past[i].bytes += bytes;
		f->past[i].body_s += dt_s;
		f->past[i].limited_s += limited ? dt_s : 0.0f;
	}
}

static void
judge(struct feedback *f, int i)
{
	const float body_s = f->past[i].body_s;
	float y;

	if (body_s < BODY_LEAST_S || f->past[i].limited_s > LIMITED_MOST * body_s)
		return;
	y = level_of_kbps(f->past[i].bytes * 0.008f / body_s);
	f->c10 += GAIN * (y < f->past[i].p10 + f->c10 ? -0.9f : 0.1f);
	f->c90 += GAIN * (y < f->past[i].p90 + f->c90 ? -0.1f : 0.9f);
	f->c10 = num_clamp(f->c10, -OFFSET_MOST, OFFSET_MOST);
	f->c90 = num_clamp(f->c90, -OFFSET_MOST, OFFSET_MOST);
}

bool
feedback_due(struct feedback *f, int64_t now_us)
{
	for (int i = 0; i < FORECASTS_KEPT; i++) {
		if (f->past[i].until_us == 0 || f->past[i].until_us > now_us)
			continue;
		judge(f, i);
		f->past[i].until_us = 0;
	}
	return now_us - f->noted_us >= NOTE_EVERY_US;
}

void
feedback_note(struct feedback *f, int64_t now_us, const float raw[FORECAST_QUANTILES])
{
	const uint8_t at = f->next;

	f->next = (uint8_t)((at + 1) % FORECASTS_KEPT);
	f->noted_us = now_us;
	f->past[at].until_us = now_us + (int64_t)(FEEDBACK_HORIZON_S * 1e6f);
	f->past[at].p10 = raw[FORECAST_P10];
	f->past[at].p90 = raw[FORECAST_P90];
	memcpy(f->noted_y, raw, sizeof f->noted_y);
	f->noted = true;
	f->past[at].bytes = f->past[at].body_s = f->past[at].limited_s = 0.0f;
}

void
feedback_apply(const struct feedback *f, const float raw[FORECAST_QUANTILES], float y[3])
{
	y[1] = raw[FORECAST_MEDIAN] + COULD_CARRY;
	y[0] = fminf(raw[FORECAST_P10] + COULD_CARRY + f->c10, y[1]);
	y[2] = fmaxf(raw[FORECAST_P90] + COULD_CARRY + f->c90, y[1]);
	assert(y[0] <= y[1] && y[1] <= y[2]);
}

bool
feedback_noted(const struct feedback *f, int64_t now_us, float raw[FORECAST_QUANTILES])
{
	if (!f->noted || f->noted_us != now_us)
		return false;
	memcpy(raw, f->noted_y, sizeof f->noted_y);
	return true;
}
