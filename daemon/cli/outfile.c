/* SPDX-License-Identifier: ISC */
/* A file that is there whole or not at all. */
#include "config.h"

#include "daemon/cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe or a device cannot be renamed onto: it is written to as it is. */
static bool
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* The mode that open() would have given, or the one of the file that is replaced. */
static mode_t
mode_for(const char *path)
{
	struct stat st;
	mode_t mask;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return st.st_mode & 07777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

int
outfile_open(struct outfile *o, const char *path)
{
	*o = (struct outfile){ .fd = STDOUT_FILENO, .path = path };
	if (path == NULL)
		return 0;
	if (is_special(path)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC);
		return o->fd < 0 ? -errno : 0;
	}
	if ((size_t)snprintf(o->temporary, sizeof o->temporary, "%s.XXXXXX", path) >=
	    sizeof o->temporary)
		return -ENAMETOOLONG;
	o->fd = mkostemp(o->temporary, O_CLOEXEC);
	if (o->fd < 0) {
		int error = -errno;

		*o->temporary = '\0';
		return error;
	}
	if (fchmod(o->fd, mode_for(path)) != 0) {
		int error = -errno;

		outfile_discard(o);
		return error;
	}
	return 0;
}

int
outfile_write(struct outfile *o, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(o->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The rename itself has to reach the disk too. */
static void
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	    slash == NULL ? "." : path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd); /* some file systems cannot: the file itself is safe */
		close(fd);
	}
}

int
outfile_commit(struct outfile *o)
{
	int error = 0;

	if (*o->temporary == '\0')
		return 0;
	if (fsync(o->fd) != 0 || rename(o->temporary, o->path) != 0)
		error = -errno;
	if (error != 0) {
		outfile_discard(o);
		return error;
	}
	*o->temporary = '\0';
	sync_folder(o->path);
	outfile_discard(o);
	return 0;
}

void
outfile_discard(struct outfile *o)
{
	if (*o->temporary != '\0')
		unlink(o->temporary);
	*o->temporary = '\0';
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	o->fd = -1;
}
