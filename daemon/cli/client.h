/* SPDX-License-Identifier: ISC */
/*
 * Talks to the daemon: HTTP by libcurl over a Unix socket or TCP, one request at a time.
 *
 * Failures are told in one sentence by client_error(). -ECONNREFUSED: no daemon answers
 * (exit status 5); -EPROTO: it answered, and refused (client_status() and its own words);
 * -EPIPE: the answer broke off; -ETIMEDOUT: it did not come in time.
 */
#ifndef LINKQ_CLI_CLIENT_H
#define LINKQ_CLI_CLIENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct client; /* owns a curl handle */

/*
 * Finds out where the daemon may be (cli_common, environment). Nothing is sent yet.
 * Prints its sentence itself and returns NULL on failure; *status is then the exit status.
 */
struct client *client_open(char **argv, int *status);
void client_close(struct client *c); /* NULL is fine */

/* For a live view: whole answers have `ms` to come in place of CLIENT_ANSWER_MS, and *stop
 * (set by a signal's handler) ends the wait for one with -EINTR. */
#define CLIENT_ANSWER_MS 15000
void client_be_brief(struct client *c, int ms, const volatile sig_atomic_t *stop);

const char *client_error(const struct client *c);
long client_status(const struct client *c); /* HTTP status; 0: none came */

/* Prints client_error() and returns the exit status that fits to the error. */
int client_complain(char **argv, const struct client *c, int error);

/* Body of the answer, NUL-terminated; the caller frees it. At most CLIENT_BODY_MAX. */
#define CLIENT_BODY_MAX (4 * 1024 * 1024)
int client_get(struct client *c, const char *path, char **body);
int client_post(struct client *c, const char *path, const char *json, size_t len, char **body);

/* The same, parsed; *out is a new reference. An answer that is not JSON is -EPROTO. */
int client_get_json(struct client *c, const char *path, json_t **out);
int client_delete_json(struct client *c, const char *path, json_t **out);
int client_post_json(struct client *c, const char *path, const json_t *what, json_t **out);

/* Bytes of a body as they come. Nonzero ends the request with that (negative) error. */
typedef int client_chunk_fn(void *arg, const char *data, size_t len);

/* Begin a GET whose body goes to `chunk` while client_wait runs. last_event_id may be NULL.
 * A request that was running is given up. 0 or a negative errno. */
int client_start(struct client *c, const char *path, const char *last_event_id,
    client_chunk_fn *chunk, void *arg);

/*
 * Wait up to `ms` for bytes, or until `fd` (>= 0) can be read; calls `chunk`.
 * 1: goes on; 0: ended well; negative: as above. A signal ends the wait early.
 */
int client_wait(struct client *c, int ms, int fd);
void client_stop(struct client *c);

/* Where the last request went: a socket's path or a URL. */
const char *client_where(const struct client *c);

/* Where the daemon may be, in order, and "Authorization: Bearer .." ("": none): for who asks
 * it by other means. Valid as long as the client is. Returns how many. */
struct find_place;
size_t client_places(const struct client *c, const struct find_place **places,
    const char **authorization);

/* `text` made fit for a query string; the caller frees it. NULL: no memory. */
char *client_escape(struct client *c, const char *text);

#endif
