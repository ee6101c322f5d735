/* SPDX-License-Identifier: ISC */
/*
 * The words of an HLS playlist (RFC 8216, section 4): its lines, its tags' attribute lists
 * and their numbers. Nothing is copied and nothing is allocated; a text is a view of the
 * caller's memory and need not end with a NUL.
 */
#ifndef LINKQ_API_M3U_H
#define LINKQ_API_M3U_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct m3u_text {
	const char *at;
	size_t len;
};

/* The next line without its end (LF or CR LF), which goes from *rest; false after the last. */
bool m3u_line(struct m3u_text *rest, struct m3u_text *line);

bool m3u_begins(const struct m3u_text *t, const char *with);
bool m3u_is(const struct m3u_text *t, const char *word);

/* Is the line this tag? Its value is then what follows: m3u_tag(l, "#EXTINF:", &value). */
bool m3u_tag(const struct m3u_text *line, const char *tag, struct m3u_text *value);

/* One NAME=value of an attribute list, which goes from *rest; the quotes of a value go, and
 * within them it may hold commas. false: there is no further one. quoted may be NULL. */
bool m3u_attribute(struct m3u_text *rest, struct m3u_text *name, struct m3u_text *value,
    bool *quoted);

/* A decimal-integer: digits alone, at most `most`. */
bool m3u_integer(const struct m3u_text *t, int64_t most, int64_t *out);
/* A decimal-floating-point, times 10^decimals; further digits are dropped. */
bool m3u_decimal(const struct m3u_text *t, unsigned decimals, int64_t most, int64_t *out);

#endif
