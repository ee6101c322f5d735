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

/*
 * Places in the order in which they are tried: --connect alone, else $LINKQ_SOCKET alone,
 * else the socket in the runtime directory and then 127.0.0.1:8790. An argument that is NULL
 * or empty was not given; so is runtime_socket where that directory is not to be trusted.
 *
 * Returns how many, at least 1; or -EINVAL, with one sentence in `why`, where --connect or
 * $LINKQ_SOCKET is neither a path nor a URL.
 */
int find_places(const char *connect, const char *linkq_socket, const char *runtime_socket,
    struct find_place out[FIND_PLACES_MAX], char *why, size_t why_len);

#endif
