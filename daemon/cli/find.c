/* SPDX-License-Identifier: ISC */
/* Where the daemon may be: the places that linkq tries, in order. */
#include "daemon/cli/find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "linkqd.sock"
#define DEFAULT_URL "http://127.0.0.1:8790"

static bool
ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

struct find_environment
find_environment(const char *connect)
{
	return (struct find_environment){
		.connect = connect,
		.linkq_socket = getenv("LINKQ_SOCKET"),
		.runtime_directory = getenv("RUNTIME_DIRECTORY"),
		.xdg_runtime_dir = getenv("XDG_RUNTIME_DIR"),
		.uid = (unsigned)getuid(),
		.ours = ours,
	};
}

static bool
set(const char *text)
{
	return text != NULL && *text != '\0';
}

static int
socket_place(struct find_place *out, const char *path, char *why, size_t why_len)
{
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path) {
		snprintf(why, why_len, "a socket's path has at most %zu characters",
		    sizeof((struct sockaddr_un *)NULL)->sun_path - 1);
		return -EINVAL;
	}
	out->is_socket = true;
	snprintf(out->at, sizeof out->at, "%s", path);
	return 0;
}

static int
url_place(struct find_place *out, const char *scheme, const char *url, char *why,
    size_t why_len)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	if (len + strlen(scheme) > FIND_URL_MAX) {
		snprintf(why, why_len, "the URL has more than %d characters", FIND_URL_MAX);
		return -EINVAL;
	}
	out->is_socket = false;
	snprintf(out->at, sizeof out->at, "%s%.*s", scheme, (int)len, url);
	return 0;
}

static bool
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* SOCKET, unix:SOCKET, http://.., https://.., HOST:PORT */
static int
said_place(struct find_place *out, const char *text, char *why, size_t why_len)
{
	const char *colon;

	if (starts(text, "http://") || starts(text, "https://"))
		return url_place(out, "", text, why, why_len);
	if (starts(text, "unix:"))
		return socket_place(out, text + strlen("unix:"), why, why_len);
	if (strstr(text, "://") != NULL) {
		snprintf(why, why_len, "'%.80s' is neither a socket's path nor an http URL", text);
		return -EINVAL;
	}
	colon = strrchr(text, ':');
	if (strchr(text, '/') == NULL && colon != NULL && colon[1] != '\0' &&
	    strspn(colon + 1, "0123456789") == strlen(colon + 1))
		return url_place(out, "http://", text, why, why_len);
	return socket_place(out, text, why, why_len);
}

/* The folder of the socket; false where there is none to trust. */
static bool
runtime_directory(const struct find_environment *env, char *out, size_t cap)
{
	if (set(env->runtime_directory)) /* systemd may name several */
		snprintf(out, cap, "%.*s", (int)strcspn(env->runtime_directory, ":"),
		    env->runtime_directory);
	else if (env->uid == 0)
		snprintf(out, cap, "/run/linkqd");
	else if (set(env->xdg_runtime_dir))
		snprintf(out, cap, "%s/linkqd", env->xdg_runtime_dir);
	else {
		snprintf(out, cap, "/tmp/linkqd-%u", env->uid);
		/* anybody may make a folder of that name */
		return env->ours(out);
	}
	return true;
}

int
find_places(const struct find_environment *env, struct find_place out[FIND_PLACES_MAX],
    char *why, size_t why_len)
{
	char folder[FIND_URL_MAX + 1], path[FIND_URL_MAX + sizeof SOCKET_NAME + 2];
	int n = 0;

	if (set(env->connect))
		return said_place(&out[0], env->connect, why, why_len) == 0 ? 1 : -EINVAL;
	if (set(env->linkq_socket))
		return said_place(&out[0], env->linkq_socket, why, why_len) == 0 ? 1 : -EINVAL;
	if (runtime_directory(env, folder, sizeof folder)) {
		snprintf(path, sizeof path, "%s/%s", folder, SOCKET_NAME);
		if (socket_place(&out[n], path, why, why_len) == 0)
			n++;
	}
	if (url_place(&out[n], "", DEFAULT_URL, why, why_len) == 0)
		n++;
	return n;
}
