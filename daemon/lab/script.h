/* SPDX-License-Identifier: ISC */
/*
 * What a link does over time: rows that each hold until the next.
 *
 * Text, one row a line (or several parted by ';'), the columns in this order; trailing ones
 * may be missing, and a blank or missing cell keeps the value of the row before:
 *
 *	t_s,down_kbps,up_kbps,rtt_ms,loss_pct,jitter_ms,queue_ms
 *	0,10000,4000,45
 *	15,0,0
 *	27,10000,4000
 *
 * is a good link with a hole of 12 seconds. A header line and lines that start with # are
 * skipped. The first row must say both rates and the round trip; without a word of the
 * others there is no loss, no jitter, and a queue of 250 ms.
 */
#ifndef LINKQ_LAB_SCRIPT_H
#define LINKQ_LAB_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#define SCRIPT_ROWS_MAX 256
#define SCRIPT_TEXT_MAX 16384

enum script_column {
	SCRIPT_T,      /* microseconds since the start */
	SCRIPT_DOWN,   /* kbit/s of IP packets; 0 is an outage */
	SCRIPT_UP,
	SCRIPT_RTT,    /* microseconds, half of it each way */
	SCRIPT_LOSS,   /* parts per million, after the bottleneck */
	SCRIPT_JITTER, /* microseconds: 0 .. this are added to each packet, in order */
	SCRIPT_QUEUE,  /* microseconds of the last capacity above 0 that fit in the queue */
	SCRIPT_COLUMNS
};

struct script {
	size_t len; /* at least 1 */
	int64_t row[SCRIPT_ROWS_MAX][SCRIPT_COLUMNS];
};

/* 0, or -EINVAL with a sentence in `why` that names the line. */
int script_parse(const char *text, struct script *out, char *why, size_t why_len);
/* The same from a file; other errors are those of reading it. */
int script_read(const char *path, struct script *out, char *why, size_t why_len);

#endif
