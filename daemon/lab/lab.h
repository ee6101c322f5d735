/* SPDX-License-Identifier: ISC */
/*
 * The link lab: a network path on this machine that follows a script, with a web server at
 * its far end.
 *
 * LAB_KERNEL is the real thing: the caller is in a network of its own (netns_enter), whose
 * default route goes over a TUN device to another; the kernel's TCP works on both sides and
 * an emulator passes the packets. Client 192.0.2.2, origin at 192.0.2.1 and, beyond the
 * default route, at 198.51.100.1 and 203.0.113.1 (addresses kept for documentation: they
 * meet nobody's own).
 *
 * LAB_LOOPBACK needs no right: a relay on 127.0.0.1 shapes connections to the same origin.
 * Connecting takes no time there and the kernel's own figures are those of loopback.
 */
#ifndef LINKQ_LAB_LAB_H
#define LINKQ_LAB_LAB_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/lab/script.h"
#include "daemon/lab/truth.h"

enum lab_mode { LAB_KERNEL, LAB_LOOPBACK };

#define LAB_URLS 3
#define LAB_TUN "lab0"

struct lab_options {
	enum lab_mode mode;
	const struct script *script; /* begins at once */
	uint64_t seed;               /* of loss and jitter */
	const char *log;     /* ground truth as CSV, a line each 100 ms; NULL: none */
	const char *control; /* a datagram socket that takes scripts; NULL: none */
	const char *files;   /* a folder that the origin serves, origin.h; NULL: none */
};

struct lab {
	enum lab_mode mode;
	int origin_pid, pump_pid;
	int tell_fd;
	const struct truth *truth;
	const char *interface;  /* that the client's traffic uses */
	char url[LAB_URLS][48]; /* of the origin, without a path; "" where there is none */
};

/* 0, or a negative errno with why in words. Its processes end with the calling one. */
int lab_start(const struct lab_options *o, struct lab *out, char *why, size_t why_len);
void lab_stop(struct lab *lab);

/* Another script takes over, now. 0 or a negative errno. */
int lab_tell(struct lab *lab, const char *script);

#endif
