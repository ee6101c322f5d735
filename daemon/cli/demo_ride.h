/* SPDX-License-Identifier: ISC */
/* The journeys of linkq demo, and what became of them. Pure: no clock, no I/O. */
#ifndef LINKQ_CLI_DEMO_RIDE_H
#define LINKQ_CLI_DEMO_RIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/cli/view.h"

/* Of IP packets of 1500 bytes, 1448 are payload: what a download can make of a capacity. */
#define DEMO_PAYLOAD (1448.0 / 1500.0)

/* A stretch of the journey: its row of the lab's script, and its name. */
struct demo_leg {
	const char *name;
	double from_s, to_s;
	double down_kbps, up_kbps, rtt_ms; /* capacity of IP packets; 0: an outage */
};

struct demo_ride {
	const struct demo_leg *leg;
	size_t legs;
	double length_s;
	double line_s;   /* a line so often where there is no terminal */
	double settle_s; /* a leg counts as steady after so long */
};

extern const struct demo_ride demo_ride_full, demo_ride_fast;

/* The ride as a script of the lab. 0, or -ENOSPC. */
int demo_ride_script(const struct demo_ride *r, char *out, size_t len);

/* The leg at an instant. */
const struct demo_leg *demo_ride_at(const struct demo_ride *r, double t_s);

/* The estimate and the truth at one instant. */
struct demo_sample {
	double t_s;
	double can_kbps; /* what the link can carry, payload */
	double carried_kbit; /* what it has carried since its start, payload */
	double p10, p50, p90; /* NAN: not known */
	char state[16];
};

/* An outage of the link, and when the daemon said so. NAN: it never did, or not yet. */
struct demo_outage {
	double begin_s, end_s;    /* of the link itself; end NAN: still open */
	double offline_s, online_s; /* the first answer that said offline, then online */
};

#define DEMO_SAMPLES_MAX 2048
#define DEMO_OUTAGES_MAX 8

struct demo_record {
	struct demo_sample sample[DEMO_SAMPLES_MAX];
	size_t samples;
	struct demo_outage outage[DEMO_OUTAGES_MAX];
	size_t outages;
	double false_offline_s; /* offline although the link had carried for 3 s */
};

/* The emulator says that an outage began, or that it ended. */
void demo_record_outage(struct demo_record *r, size_t n, double begin_s, double end_s);
void demo_record_sample(struct demo_record *r, double t_s, double can_kbps,
    double carried_kbit, const struct view *v);

/* How the estimate stood in a leg once it had settled: the median of the medians, NAN if it
 * was never known, and how far off that is from what the link could carry. Whether the
 * applications' TCP made use of it is seen in the best half second. */
struct demo_steady {
	double can_kbps, peak_kbps, p50_kbps, error_ratio;
};

struct demo_steady demo_record_steady(const struct demo_record *r, const struct demo_ride *ride,
    const struct demo_leg *leg);

/* NULL where the main job worked: every outage was found, its end too, and the estimate was
 * known on each leg that had settled. Else a sentence. */
const char *demo_record_fault(const struct demo_record *r, const struct demo_ride *ride);

#endif
