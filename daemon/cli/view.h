/* SPDX-License-Identifier: ISC */
/*
 * The estimate as the API gives it, read into plain numbers for showing. Whatever is
 * missing, null or of another type is unknown: NAN, MOMENT_UNKNOWN or "". Names are made fit
 * for a terminal.
 */
#ifndef LINKQ_CLI_VIEW_H
#define LINKQ_CLI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/cli/words.h"

struct view_quantiles {
	double p10, p50, p90;
};

struct view_change {
	char kind[24]; /* "": there was none */
	int64_t time_us;
	double from_kbps, to_kbps;
};

struct view {
	double seq;
	int64_t time_us;
	char link[32], name[80], interface[32], link_kind[24];
	char state[24], quality[24], effective_type[24]; /* state "unknown" where it is missing */
	struct view_quantiles down_kbps, up_kbps;
	double rtt_ms_min, rtt_ms_p50, rtt_ms_p90;
	double ttfb_ms_p50, ttfb_ms_p90;
	double loss_ratio, responsiveness_rpm, confidence, age_ms;
	double samples, share_app, share_kernel, share_probe;
	struct view_change change;
	char cause[24], diagnosis[256]; /* what is broken, a word and a sentence; "": nothing */
	size_t faults;
	char fault[4][200]; /* a sentence each */
	bool outage;
	int64_t outage_since_us;
	double outage_lasted_ms, outage_remaining_s_p50, outage_remaining_s_p90;
};

/* 0, or -EINVAL where this is no estimate at all (no state). */
int view_read(const json_t *doc, struct view *out);

void view_read_change(const json_t *doc, struct view_change *out);

/* The exit status of `linkq status`: 0 online, 1 stalled or quality minimal, 2 offline,
 * 3 captive, 4 unknown. */
int view_exit_status(const struct view *v);

/* "Online, good (4g)": the state in words. */
struct words view_headline(const struct view *v);

/* "wlan0 (wifi), 'home'" */
struct words view_link(const struct view *v);

/* "drop from 18 to 5.1 Mbit/s"; "" where there was none. */
struct words view_change_words(const struct view_change *c);

#endif
