/* SPDX-License-Identifier: ISC */
/* What somebody knows of the link as a whole: what it carried, and that it is silent. */
#include "estimator/estimator.h"
#include "estimator/evidence.h"
#include "estimator/merge.h"
#include "estimator/silence.h"

#include <assert.h>

#define DT_LEAST_US 1000
#define DT_MOST_US INT64_C(60000000)
#define BYTES_MOST (INT64_C(1) << 40)
#define WAITED_MOST_US (INT64_C(86400) * 1000000)

void
est_add_carried(struct est *e, int64_t now_us, enum est_source source,
    enum est_direction direction, int64_t bytes, int64_t dt_us, int64_t clock_us, bool at_least)
{
	struct portion p;

	assert(source < EST_SOURCES && direction < EST_DIRECTIONS && clock_us >= 0);
	evidence_advance(e, now_us);
	if (bytes <= 0)
		return;
	if (bytes > BYTES_MOST || dt_us < DT_LEAST_US || dt_us > DT_MOST_US) {
		e->rejected[EST_REJECT_ABSURD]++;
		return;
	}
	p = (struct portion){
		.from_us = now_us - dt_us,
		.to_us = now_us,
		.start_us = now_us - dt_us,
		.bytes = (float)bytes,
		.dt_s = (float)dt_us * 1e-6f,
		.flows = 1.0f,
		.clock_s = (float)clock_us * 1e-6f,
		.direction = (uint8_t)direction,
		.at_least = at_least,
	};
	evidence_tally(e, source, bytes, p.dt_s < 2.0f ? p.dt_s : 2.0f);
	evidence_life(e, now_us, EVIDENCE_NOBODYS);
	e->unanswered_s = 0.0f;
	evidence_carried(e, &p);
	e->rejected[EST_TAKEN]++;
	if (at_least)
		e->rejected[EST_REJECT_SERVER]++;
	evidence_settle(e);
}

void
est_add_silence(struct est *e, int64_t now_us, enum est_source source, int64_t waited_us,
    int places)
{
	struct silence_of of;

	assert(source < EST_SOURCES && places >= 2);
	evidence_advance(e, now_us);
	if (waited_us <= 0 || waited_us > WAITED_MOST_US) {
		e->rejected[EST_REJECT_ABSURD]++;
		return;
	}
	of = (struct silence_of){
		.from_us = now_us - waited_us,
		.to_us = now_us,
		.others = places - 1,
		.whole = true,
	};
	evidence_tally(e, source, 0, 0.05f);
	e->rejected[EST_TAKEN]++;
	evidence_silence_of(e, &of);
	evidence_settle(e);
}
