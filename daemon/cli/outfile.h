/* SPDX-License-Identifier: ISC */
/*
 * A file that is there whole or not at all: written beside its place under another name,
 * brought to the disk, then renamed. NULL as the path is standard output.
 */
#ifndef LINKQ_CLI_OUTFILE_H
#define LINKQ_CLI_OUTFILE_H

#include <limits.h>
#include <stddef.h>

struct outfile {
	int fd;
	const char *path; /* the caller's; NULL: standard output */
	char temporary[PATH_MAX];
};

/* 0 or a negative errno. */
int outfile_open(struct outfile *o, const char *path);
int outfile_write(struct outfile *o, const char *data, size_t len);

/* Put it in its place. On an error nothing of it is left. */
int outfile_commit(struct outfile *o);

/* Leave nothing. Fine after any of the above. */
void outfile_discard(struct outfile *o);

#endif
