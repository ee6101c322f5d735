/* SPDX-License-Identifier: ISC */
/*
 * An HLS gateway on loopback for players that cannot adapt: it reads a multivariant playlist,
 * serves one with a single variant, and fetches each segment from the rendition that the hint
 * names. Bounded: of a track 32 MiB are held ahead and 8 MiB of a segment, playlists of 4 MiB.
 *
 * It asks the origin of its URL and those that were allowed besides, and nobody else.
 */
#ifndef LINKQ_DAEMON_GATEWAY_GATEWAY_H
#define LINKQ_DAEMON_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/gateway/advice.h"
#include "daemon/loop.h"

enum gateway_switch {
	GATEWAY_SWITCH_NEVER, /* one rendition, chosen at the start */
	GATEWAY_SWITCH_MAP,   /* marked; for players that take a changed EXT-X-MAP */
	GATEWAY_SWITCH_ANY    /* marked, and joined for those that take none */
};

struct gateway_options {
	const char *url;
	const char *const *allow;   /* further origins, as URLs; NULL-terminated, or NULL */
	const char *const *headers; /* "Name: value" for the origin; the same */
	const char *const *origins; /* of pages that may ask us; the same */
	const struct advice_place *places; /* of the daemon */
	size_t places_len;
	enum gateway_switch switching;
	int64_t max_kbps, max_height; /* -1: none */
	int64_t patience_us; /* how long a player is kept waiting, where the link is not out */
	int64_t ahead_us; /* of what is fetched before the player asks for it */
	bool verbose;
	int listen_fd; /* on loopback; the gateway's on success */
};

struct gateway;

/* Borrows what the options point to. */
int gateway_create(struct loop *loop, const struct gateway_options *o, struct gateway **out);
void gateway_destroy(struct gateway *g); /* NULL is fine */

/*
 * Fetch the entry playlist. `ready` is called once, from the loop: error 0, or negative with
 * a sentence. Requests are answered from then on.
 */
typedef void gateway_ready_fn(void *ctx, int error, const char *why);
void gateway_open(struct gateway *g, gateway_ready_fn *ready, void *ctx);

#endif
