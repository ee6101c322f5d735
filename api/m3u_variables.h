/* SPDX-License-Identifier: ISC */
/*
 * The variables of HLS playlists: EXT-X-DEFINE (RFC 8216bis, 4.3). Nothing is copied; what
 * comes out are pieces of the text and of the values.
 */
#ifndef LINKQ_API_M3U_VARIABLES_H
#define LINKQ_API_M3U_VARIABLES_H

#include "api/m3u.h"

#define M3U_VARIABLES 64
#define M3U_EXPANDED_MAX 1000000 /* bytes, in one playlist */

struct m3u_variables {
	struct {
		struct m3u_text name, value;
		bool foreign; /* it stands in the playlist's URL, which nobody told */
	} variable[M3U_VARIABLES];
	size_t len;
	size_t expanded; /* bytes so far: a short text must not become a long one */
};

/* A definition's attributes. False: it is none, comes twice, or is one too many. */
bool m3u_define(struct m3u_variables *v, struct m3u_text attributes);

/*
 * What comes next of a text whose variables are replaced. 1, and a piece of it; 0 at its
 * end; -1: a variable is not defined, or there is too much of it. What is foreign stays as
 * it stands.
 */
int m3u_expand(struct m3u_variables *v, struct m3u_text *rest, struct m3u_text *out);

#endif
