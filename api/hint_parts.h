/* SPDX-License-Identifier: ISC */
/* The parts of which hint requests are read. Internal to the hint. */
#ifndef LINKQ_API_HINT_PARTS_H
#define LINKQ_API_HINT_PARTS_H

#include "api/hint.h"
#include "api/longtext.h"
#include "api/value.h"

/* Texts that are taken out before the rest is parsed. */
struct hint_texts {
	struct longtext playlist, mpd;
};

/* All return 0, or -EINVAL with the problem set. */
int hint_read_ladder(const struct value_in *in, const struct hint_texts *texts,
    struct hint_request *r);
int hint_read_cap(const struct value_in *in, struct hint_request *r);

/*
 * The names of CMCD (CTA-5004), as members, as parameters, and as one text "bl=21300,su". The
 * ladder is there already. What has no meaning here (bs, cid, mtp, nor, nrr, ot, rtp, sf, v
 * and whatever else is in the text) is passed over.
 */
int hint_read_cmcd(const struct value_in *in, struct hint_request *r);
int hint_read_cmcd_query(const struct query *q, struct hint_request *r, struct problem *p);

/* The names that hint_read_cmcd_query takes, for query_only. */
#define HINT_CMCD_NAMES \
	"CMCD", "bl", "br", "bs", "cid", "d", "dl", "ltc", "mtp", "nor", "nrr", "ot", "pr", \
	    "rtp", "sf", "sid", "st", "su", "tb", "tbl", "tpb", "v"

#endif
