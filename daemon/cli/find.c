/* SPDX-License-Identifier: ISC */
/* Where the daemon may be: the places that linkq tries, in order. */
#include "daemon/cli/find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define DEFAULT_URL "http://127.0.0.1:8790"

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
	    strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
		if (strtoul(colon + 1, NULL, 10) > 65535) {
			snprintf(why, why_len, "'%.80s' has no port from 0 to 65535", text);
			return -EINVAL;
		}
		return url_place(out, "http://", text, why, why_len);
	}
	return socket_place(out, text, why, why_len);
}

int
find_places(const char *connect, const char *linkq_socket, const char *runtime_socket,
    struct find_place out[FIND_PLACES_MAX], char *why, size_t why_len)
{
	int n = 0;

	if (connect != NULL && *connect == '\0') {
		/* Not "look for it": in a script that is a variable that should have been set. */
		snprintf(why, why_len, "--connect has an empty value");
		return -EINVAL;
	}
	if (set(connect))
		return said_place(&out[0], connect, why, why_len) == 0 ? 1 : -EINVAL;
	if (set(linkq_socket))
		return said_place(&out[0], linkq_socket, why, why_len) == 0 ? 1 : -EINVAL;
	if (set(runtime_socket) && socket_place(&out[n], runtime_socket, why, why_len) == 0)
		n++;
	if (url_place(&out[n], "", DEFAULT_URL, why, why_len) == 0)
		n++;
	return n;
}
