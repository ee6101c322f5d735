/* SPDX-License-Identifier: ISC */
/* The rows that linkq replay reads: CSV by column names, one event a line. */
#ifndef LINKQ_CLI_REPLAY_ROWS_H
#define LINKQ_CLI_REPLAY_ROWS_H

#include "estimator/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum replay_kind { REPLAY_TRANSFER, REPLAY_PROGRESS, REPLAY_RTT, REPLAY_TICK };

enum replay_column {
	REPLAY_T,
	REPLAY_KIND,
	REPLAY_BYTES,
	REPLAY_DURATION,
	REPLAY_TTFB,
	REPLAY_OK,
	REPLAY_ID,
	REPLAY_DIRECTION,
	REPLAY_CONNECT,
	REPLAY_COLUMNS
};

#define REPLAY_FIELDS_MAX 64

/* Where each column stands; -1: the file has none such. */
struct replay_header {
	int at[REPLAY_COLUMNS];
};

struct replay_row {
	int64_t t_us;
	enum replay_kind kind;
	bool answered; /* a round trip */
	int64_t rtt_us;
	struct est_sample sample; /* a request, or a slice of one */
};

/*
 * Both cut the line into its fields in place. They return NULL, or what is wrong as part
 * of a sentence ("unknown kind 'x'"), which is static or in `why`.
 */
const char *replay_header_parse(struct replay_header *h, char *line, char *why, size_t len);
const char *replay_row_parse(const struct replay_header *h, char *line,
    struct replay_row *out, char *why, size_t len);

#endif
