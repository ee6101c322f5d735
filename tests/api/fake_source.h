/* SPDX-License-Identifier: ISC */
/*
 * A source for tests: one link whose figures are what the last observation said.
 *
 * What a test needs beyond that it asks for by the `app` of an observation: "ctl:offline",
 * "ctl:online", "ctl:network" (an event), "ctl:unready", "ctl:cache" (rejected). Exports are
 * named by `link`: "" and "k3f9" some rows, "big" many, "stuck" never a block, "fail" breaks
 * after one, "at-once" calls back within the call, anything else is not there.
 * The explain answer's probes tell how many observations and open exports there are.
 */
#ifndef LINKQ_TESTS_API_FAKE_SOURCE_H
#define LINKQ_TESTS_API_FAKE_SOURCE_H

#include "api/http.h"
#include "api/source.h"

#define FAKE_EXPORTS_MAX 2

struct fake {
	struct api *api;  /* events go there; NULL: nowhere */
	int64_t speed;    /* the clock runs so many times as fast; 0: it stands at now_us */
	int64_t measure_until_us, now_us, wall_us;
	char name[64];
	int64_t forgetting, forget_until_us;
	int64_t observed;
	struct api_observation last;
	enum est_state state;
	int64_t kbps; /* -1: not known */
	int64_t changed_us;
	bool unready;
	int exports;
	struct api_rows *waiting[FAKE_EXPORTS_MAX];
};

void fake_init(struct fake *f, struct api_source *out);

/* Deliver the blocks that were asked for, as a reader thread would. */
void fake_deliver(struct fake *f);

#endif
