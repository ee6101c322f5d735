/* SPDX-License-Identifier: ISC */
/* Where the daemon may be: the places that linkq tries, in order. */
#ifndef LINKQ_CLI_FIND_H
#define LINKQ_CLI_FIND_H

#include <stdbool.h>
#include <stddef.h>

#define FIND_PLACES_MAX 2
#define FIND_URL_MAX 255

struct find_place {
	bool is_socket;
	/* The path of a Unix socket, or a base URL without a slash at its end. */
	char at[FIND_URL_MAX + 1];
};

/* What the environment says; a test supplies its own. NULL: not set. */
struct find_environment {
	const char *connect;           /* --connect */
	const char *linkq_socket;      /* $LINKQ_SOCKET */
	const char *runtime_directory; /* $RUNTIME_DIRECTORY, of systemd */
	const char *xdg_runtime_dir;
	unsigned uid;
	/* Is this folder a folder of ours that nobody else can write to? */
	bool (*ours)(const char *path);
};

/* From the real environment. */
struct find_environment find_environment(const char *connect);

/*
 * Places in the order in which they are tried: --connect alone, else $LINKQ_SOCKET alone,
 * else the socket in the runtime directory and then 127.0.0.1:8790. Returns how many, at
 * least 1; or -EINVAL, with one sentence in `why`, where --connect or $LINKQ_SOCKET is
 * neither a path nor a URL.
 */
int find_places(const struct find_environment *env, struct find_place out[FIND_PLACES_MAX],
    char *why, size_t why_len);

#endif
