/* SPDX-License-Identifier: ISC */
/*
 * What the link really did, in memory that the emulator writes and others read meanwhile.
 * Each number is whole; two of them may be 1 ms apart. Times are CLOCK_MONOTONIC in
 * microseconds.
 */
#ifndef LINKQ_LAB_TRUTH_H
#define LINKQ_LAB_TRUTH_H

#include <stdatomic.h>
#include <stdint.h>

#define TRUTH_OUTAGES_MAX 32

struct truth_way {
	_Atomic int64_t kbps;           /* capacity now, IP packets */
	_Atomic int64_t capacity_bytes; /* what could have passed since the start */
	_Atomic int64_t passed_bytes;   /* what did */
	_Atomic int64_t wait_us;        /* how long the oldest packet in the queue has waited */
	_Atomic int64_t waiting_bytes;
	_Atomic int64_t dropped, lost; /* packets */
};

struct truth {
	struct truth_way down, up;
	_Atomic int64_t rtt_us; /* without queueing */
	_Atomic int64_t script_us; /* when the running script began */
	/* Stretches without any capacity one way or the other; the last may be open (end 0). */
	_Atomic int64_t outages;
	struct {
		_Atomic int64_t begin_us, end_us;
	} outage[TRUTH_OUTAGES_MAX];
	_Atomic int64_t late_us_max; /* the worst that a packet was handed over too late */
};

#endif
