/* SPDX-License-Identifier: ISC */
/*
 * The web server at the far end of the lab's link: libmicrohttpd with a thread a
 * connection, apart from everything that the daemon is built of.
 *
 *	GET  /generate_204   204, no body
 *	GET  /bytes/N        N bytes (1 TB at the most)
 *	GET  /delay/MS       a short body after MS milliseconds (60 s at the most)
 *	GET  /files/PATH     a file of the folder that it was given
 *	POST /upload         takes the body; answers with its length
 *
 * Pages of any origin may read the answers.
 */
#ifndef LINKQ_LAB_ORIGIN_H
#define LINKQ_LAB_ORIGIN_H

#include <stdint.h>

#define ORIGIN_CONNECTIONS_MAX 256

/*
 * Listen on addr:port (IPv4; port 0 picks one, which *port then is). Returns the descriptor
 * or a negative errno.
 */
int origin_listen(const char *addr, uint16_t *port);

/*
 * Serve until the process ends; returns only where it cannot start, a negative errno.
 * `files`: the folder behind /files/; NULL: none.
 */
int origin_serve(int listen_fd, const char *files);

#endif
