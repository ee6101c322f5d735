/* SPDX-License-Identifier: ISC */
/* Where things are. */
#include "daemon/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The XDG rules and systemd's both say: absolute, or not at all. systemd separates several
 * by colons; the first is ours. 0 or -ENOENT. */
static int
from_environment(const char *name, const char *below, char out[PATHS_MAX])
{
	const char *dir = getenv(name);
	size_t len;
	int n;

	if (dir == NULL || dir[0] != '/')
		return -ENOENT;
	len = strcspn(dir, ":");
	if (len >= PATHS_MAX)
		return -ENOENT;
	n = snprintf(out, PATHS_MAX, "%.*s%s", (int)len, dir, below);
	return n < 0 || n >= PATHS_MAX ? -ENOENT : 0;
}

static int
from_home(const char *below, char out[PATHS_MAX])
{
	const struct passwd *pw;
	int n;

	if (from_environment("HOME", below, out) == 0)
		return 0;
	pw = getpwuid(geteuid());
	if (pw == NULL || pw->pw_dir == NULL || pw->pw_dir[0] != '/')
		return -ENOENT;
	n = snprintf(out, PATHS_MAX, "%s%s", pw->pw_dir, below);
	return n < 0 || n >= PATHS_MAX ? -ENOENT : 0;
}

static int
make(const char *dir, mode_t mode, char *why, size_t why_len)
{
	struct stat st;

	if (mkdir(dir, mode) == 0)
		return 0;
	if (errno == EEXIST && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (errno == EEXIST)
		errno = ENOTDIR;
	(void)snprintf(why, why_len, "%s: cannot make the directory: %s", dir,
	    strerror(errno));
	return -errno;
}

int
paths_make_parent(const char *file, char *why, size_t why_len)
{
	char dir[PATHS_MAX];
	size_t len = strlen(file);
	int err;

	if (len >= sizeof dir) {
		(void)snprintf(why, why_len, "%.64s..: the path is too long", file);
		return -ENAMETOOLONG;
	}
	memcpy(dir, file, len + 1);
	for (char *slash = dir; (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
		*slash = '\0';
		/* What is there is not ours to judge: a parent may be closed to us, and
		 * mkdir in it would say EACCES. */
		if (access(dir, F_OK) == 0)
			continue;
		err = make(dir, 0700, why, why_len);
		if (err != 0)
			return err;
	}
	return 0;
}

/* Anybody can make a directory in /tmp under our name and wait. */
static int
check_ours(const char *dir, char *why, size_t why_len)
{
	struct stat st;

	if (lstat(dir, &st) == -1)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return 0;
	(void)snprintf(why, why_len,
	    "%s: must be a directory of user %u with mode 0700; it is not to be trusted", dir,
	    (unsigned)geteuid());
	return -EPERM;
}

static int
runtime_directory(char dir[PATHS_MAX], bool create, char *why, size_t why_len)
{
	bool shared = false;
	mode_t mode = 0700;
	int err;

	if (from_environment("RUNTIME_DIRECTORY", "", dir) == 0) {
		/* systemd made it */
	} else if (geteuid() == 0) {
		(void)snprintf(dir, PATHS_MAX, "/run/linkqd");
		mode = 0755; /* the socket's own mode says who may ask */
	} else if (from_environment("XDG_RUNTIME_DIR", "/linkqd", dir) != 0) {
		(void)snprintf(dir, PATHS_MAX, "/tmp/linkqd-%u", (unsigned)geteuid());
		shared = true;
	}
	if (create) {
		err = make(dir, mode, why, why_len);
		if (err != 0)
			return err;
	}
	return shared ? check_ours(dir, why, why_len) : 0;
}

int
paths_socket(char out[PATHS_MAX], bool create, char *why, size_t why_len)
{
	char dir[PATHS_MAX];
	int err = runtime_directory(dir, create, why, why_len);
	int n;

	if (err != 0)
		return err;
	n = snprintf(out, PATHS_MAX, "%s/linkqd.sock", dir);
	if (n < 0 || n > 107) { /* sun_path, less its NUL */
		(void)snprintf(why, why_len, "%.64s..: too long for a socket; set socket", dir);
		return -ENAMETOOLONG;
	}
	return 0;
}

int
paths_database(char out[PATHS_MAX], char *why, size_t why_len)
{
	static const char name[] = "/linkqd.db";
	char dir[PATHS_MAX];
	int n;

	if (from_environment("STATE_DIRECTORY", "", dir) == 0) {
		/* systemd made it */
	} else if (geteuid() == 0) {
		(void)snprintf(dir, sizeof dir, "/var/lib/linkqd");
	} else if (from_environment("XDG_STATE_HOME", "/linkqd", dir) != 0 &&
	    from_home("/.local/state/linkqd", dir) != 0) {
		(void)snprintf(why, why_len, "no home directory for the database; set database");
		return -ENOENT;
	}
	n = snprintf(out, PATHS_MAX, "%s%s", dir, name);
	if (n < 0 || n >= PATHS_MAX) {
		(void)snprintf(why, why_len, "%.64s..: the path is too long", dir);
		return -ENAMETOOLONG;
	}
	return paths_make_parent(out, why, why_len);
}

void
paths_config(char out[PATHS_MAX])
{
	if (geteuid() != 0 &&
	    (from_environment("XDG_CONFIG_HOME", "/linkqd/linkqd.conf", out) == 0 ||
		from_home("/.config/linkqd/linkqd.conf", out) == 0) &&
	    access(out, F_OK) == 0)
		return;
	(void)snprintf(out, PATHS_MAX, "%s", LINKQ_SYSCONFDIR "/linkqd.conf");
	if (access(out, F_OK) != 0)
		out[0] = '\0';
}
