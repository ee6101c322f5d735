/* SPDX-License-Identifier: ISC */
/* What the server counts of its own work. */
#ifndef LINKQ_API_TRAFFIC_H
#define LINKQ_API_TRAFFIC_H

#include <stdint.h>

#define TRAFFIC_CLASSES 6 /* a status is counted by its first digit */

struct traffic { /* zeros at first */
	int64_t connections;   /* open now */
	int64_t accepted;      /* ever */
	int64_t answers[TRAFFIC_CLASSES];
	int64_t waiting;       /* event streams and waiting requests, now */
	int64_t streams;       /* event streams that were begun */
	int64_t slow_streams;  /* of these, those that were cut since nobody read them */
};

#endif
