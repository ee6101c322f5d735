/* SPDX-License-Identifier: ISC */
/*
 * The byte counters of interfaces, from /proc/net/dev: has anything moved at all? Cheap
 * enough to ask each second (one read of a file that stays open).
 */
#ifndef LINKQ_DAEMON_IFBYTES_H
#define LINKQ_DAEMON_IFBYTES_H

#include <stddef.h>
#include <stdint.h>

struct ifbytes {
	int64_t in, out; /* since the interface came up; wrap is the kernel's affair */
};

/* A descriptor, the caller's to close, or a negative errno. */
int ifbytes_open(void);

/* The counters of each named interface; -1 in both where there is no such one. 0 or a
 * negative errno (nothing is written). */
int ifbytes_read(int fd, const char names[][16], size_t n, struct ifbytes *out);

/* The same from text, for the above and for tests. */
void ifbytes_parse(const char *text, const char names[][16], size_t n, struct ifbytes *out);

#endif
