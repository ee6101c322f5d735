/* SPDX-License-Identifier: ISC */
/* A secret: one line of a file of our own. */
#include "daemon/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
say(int err, const char *const of[2], const char *what, char *why, size_t why_len)
{
	(void)snprintf(why, why_len, "%s: %s: %s", of[0], of[1], what);
	return err;
}

/* systemd hands it over with a list of who may read it, whose mask stands where a group's
 * rights do. */
static bool
is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;

	return len > 0 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
	    !strchr(path + len + 1, '/');
}

int
token_read(const char *setting, const char *path, char out[TOKEN_MAX + 1], char *why,
    size_t why_len)
{
	const char *const of[2] = { setting, path };
	char text[TOKEN_MAX + 3];
	mode_t others = S_IRWXG | S_IRWXO;
	struct stat st;
	ssize_t n;
	int fd;

	out[0] = '\0';
	if (!path[0])
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return say(err, of, strerror(-err), why, why_len);
	}
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (!S_ISREG(st.st_mode) || n < 0)
		return say(-EINVAL, of, "it is not a file that can be read", why, why_len);
	if (is_credential(path))
		others &= ~(mode_t)S_IRGRP;
	if ((st.st_mode & others) != 0)
		return say(-EPERM, of, "others may read it; chmod 600 it", why, why_len);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	n = (ssize_t)strlen(text);
	if (n < TOKEN_MIN || n > TOKEN_MAX)
		return say(-EINVAL, of, "a token has 16 to 255 characters", why, why_len);
	for (ssize_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return say(-EINVAL, of, "a token is of printable characters "
			    "without spaces", why, why_len);
	memcpy(out, text, (size_t)n + 1);
	return 0;
}
