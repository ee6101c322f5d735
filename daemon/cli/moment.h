/* SPDX-License-Identifier: ISC */
/*
 * Instants as people write and read them. Unix time in microseconds throughout; local time
 * is the TZ of the process, and `utc` takes UTC in its place.
 */
#ifndef LINKQ_CLI_MOMENT_H
#define LINKQ_CLI_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/cli/words.h"

#define MOMENT_UNKNOWN INT64_MIN

/* The wall clock. */
int64_t moment_now(void);

/* RFC 3339, as the daemon writes it; 0 or -EINVAL. */
int moment_parse_rfc3339(const char *text, int64_t *out_us);

/*
 * What a person writes: now, today, yesterday, 90s 15m 2h 3d (so long ago, also with a '-'
 * in front), 06:15, 2026-11-24, 2026-11-24 06:15[:00], the same with T, and RFC 3339.
 * 0 or -EINVAL.
 */
int moment_parse(const char *text, int64_t now_us, bool utc, int64_t *out_us);

/* A length of time: 90, 90s, 15m, 2h, 3d. 0 or -EINVAL. */
int moment_parse_length(const char *text, int64_t *out_us);

/* 2026-11-24T06:15:00.250Z */
struct words moment_rfc3339(int64_t us);

/* 06:14:40 today, 2026-11-23 06:14:40 on other days; "UTC" behind it where asked for. */
struct words moment_words(int64_t us, int64_t now_us, bool utc);

/* 34 s ago */
struct words moment_ago(int64_t us, int64_t now_us);

#endif
