/* SPDX-License-Identifier: ISC */
/* Whose file stands where the history is to be? */
#include "daemon/history_owner.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/history.h"

/* https://www.sqlite.org/fileformat2.html, 1.3: the magic string, and behind 68 bytes the
 * application id, big-endian. */
#define MAGIC "SQLite format 3"
#define APPLICATION_AT 68
#define HEADER_LEN (APPLICATION_AT + 4)

/* The first bytes; how many there are, or a negative errno. */
static ssize_t
read_header(const char *path, unsigned char header[HEADER_LEN])
{
	ssize_t got = 0, n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1)
		return -errno;
	while (n > 0 && got < HEADER_LEN) {
		n = read(fd, header + got, (size_t)(HEADER_LEN - got));
		if (n == -1)
			got = -errno;
		else
			got += n;
	}
	(void)close(fd);
	return got;
}

static uint32_t
application_of(const unsigned char header[HEADER_LEN])
{
	const unsigned char *at = header + APPLICATION_AT;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool
has_lock_beside(const char *path)
{
	char lock[1024];
	struct stat st;
	int n = snprintf(lock, sizeof lock, "%s-lock", path);

	return n > 0 && (size_t)n < sizeof lock && lstat(lock, &st) == 0 && S_ISREG(st.st_mode);
}

int
history_owner(const char *path, bool *ours, char *why, size_t why_len)
{
	unsigned char header[HEADER_LEN];
	struct stat st;
	ssize_t len;

	*ours = true;
	/* What cannot be looked at is for whoever opens it to complain of. */
	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	if (has_lock_beside(path))
		return 0;
	len = read_header(path, header);
	if (len >= (ssize_t)sizeof MAGIC && memcmp(header, MAGIC, sizeof MAGIC) == 0) {
		*ours = len == HEADER_LEN && application_of(header) == HISTORY_APPLICATION_ID;
		return 0;
	}
	(void)snprintf(why, why_len, "database: %s is not a history of linkqd; it was left as it "
	    "is", path);
	return -EPROTO;
}
