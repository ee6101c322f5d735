/* SPDX-License-Identifier: ISC */
/* A directory of its own for each test, gone at its end; and a little around the store. */
#ifndef LINKQ_TESTS_DAEMON_SCRATCH_H
#define LINKQ_TESTS_DAEMON_SCRATCH_H

#include <criterion/criterion.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

static inline void
scratch_begin(void)
{
	(void)snprintf(scratch, sizeof scratch, "/tmp/linkqd-test-XXXXXX");
	cr_assert_not_null(mkdtemp(scratch));
}

static inline void
scratch_remove(const char *path)
{
	char below[512];
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(below, sizeof below, "%.200s/%.255s", path, e->d_name);
		if (unlink(below) == -1)
			scratch_remove(below);
	}
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(path);
}

static inline void
scratch_end(void)
{
	scratch_remove(scratch);
}

/* A path below it; the last four stay valid. */
static inline const char *
scratch_path(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
	return path;
}

static inline void
scratch_write(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert(fd != -1);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	(void)close(fd);
}

/* The whole file, up to cap; how long it is, -1 where it is not there. */
static inline ssize_t
scratch_read(const char *path, void *bytes, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, bytes, cap);

	if (fd != -1)
		(void)close(fd);
	return n;
}

#endif
