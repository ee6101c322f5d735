/* SPDX-License-Identifier: ISC */
/*
 * CMCD, what players say of themselves in their requests (CTA-5004 and its second version),
 * as a hint request.
 *
 *   bl   buffer, ms                 tb   highest bit rate there is, tpb: that can be played
 *   dl   ms until it is empty       br   bit rate of what is asked for: what plays
 *   tbl  buffer that is aimed at    d    length of a segment, ms
 *   ltc  latency, ms, if live       pr   playback rate
 *   su   the buffer is empty        st   v: on demand, l: live        sid  session
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/hint_parts.h"

#define TIME_US_MAX (INT64_C(86400) * 1000000)
#define RATE_PPM_MAX 16000000
#define TEXT_MAX 2048

struct cmcd {
	int64_t bl_us, dl_us, tbl_us, ltc_us, d_us; /* -1 */
	int64_t pr_ppm, br, tb, tpb;                /* -1 */
	bool su;
	char st[4], sid[HINT_SESSION_MAX + 2];
};

static void
begin(struct cmcd *c)
{
	memset(c, 0, sizeof(*c));
	c->bl_us = c->dl_us = c->tbl_us = c->ltc_us = c->d_us = -1;
	c->pr_ppm = c->br = c->tb = c->tpb = -1;
}

static int
apply(const struct cmcd *c, struct hint_request *r, struct problem *p)
{
	if (c->pr_ppm >= 1000)
		r->rate_ppm = c->pr_ppm;
	if (c->bl_us >= 0)
		r->buffer_us = c->bl_us;
	else if (c->dl_us >= 0) /* on the clock, so media at that speed */
		r->buffer_us = (int64_t)((double)c->dl_us * (double)r->rate_ppm * 1e-6);
	else if (c->su)
		r->buffer_us = 0;
	if (c->d_us >= 0)
		r->segment_us = c->d_us;
	if (strcmp(c->st, "l") == 0)
		r->mode = PLAN_LIVE;
	else if (strcmp(c->st, "v") == 0)
		r->mode = PLAN_VOD;
	else if (c->st[0] != '\0')
		return problem_set(p, 400, "st", "st must be one of: v, l.");
	if (c->tbl_us > 0)
		r->max_buffer_us = c->tbl_us;
	else if (c->ltc_us > 0 && r->mode == PLAN_LIVE)
		r->max_buffer_us = c->ltc_us;
	r->cap_kbps = c->tpb > 0 && (c->tb < 0 || c->tpb < c->tb) ? c->tpb : c->tb;
	if (c->br > 0)
		r->current = hint_nearest(r, c->br);
	snprintf(r->session, sizeof(r->session), "%.*s", HINT_SESSION_MAX, c->sid);
	return 0;
}

/* --- As members -------------------------------------------------------------------------- */

static int
read_members(const struct value_in *in, struct cmcd *c)
{
	if (value_scaled(in, "bl", 1000, TIME_US_MAX, &c->bl_us) != 0 ||
	    value_scaled(in, "dl", 1000, TIME_US_MAX, &c->dl_us) != 0 ||
	    value_scaled(in, "tbl", 1000, TIME_US_MAX, &c->tbl_us) != 0 ||
	    value_scaled(in, "ltc", 1000, TIME_US_MAX, &c->ltc_us) != 0 ||
	    value_scaled(in, "d", 1000, HINT_SEGMENT_US_MAX, &c->d_us) != 0 ||
	    value_scaled(in, "pr", 1000000, RATE_PPM_MAX, &c->pr_ppm) != 0 ||
	    value_int(in, "br", 1, LADDER_KBPS_MAX, &c->br) != 0 ||
	    value_int(in, "tb", 1, LADDER_KBPS_MAX, &c->tb) != 0 ||
	    value_int(in, "tpb", 1, LADDER_KBPS_MAX, &c->tpb) != 0 ||
	    value_bool(in, "su", &c->su) != 0 ||
	    value_text(in, "st", c->st, sizeof(c->st)) != 0)
		return -EINVAL;
	return value_text(in, "sid", c->sid, sizeof(c->sid));
}

/* --- As parameters ----------------------------------------------------------------------- */

static int
read_ms(const struct query *q, const char *name, int64_t most_us, int64_t *out,
    struct problem *p)
{
	int64_t ms = -1;

	if (query_int(q, name, 0, most_us / 1000, &ms, p) != 0)
		return -EINVAL;
	if (ms >= 0)
		*out = ms * 1000;
	return 0;
}

static void
copy(const struct query *q, const char *name, char *to, size_t room)
{
	const char *text = query_get(q, name);

	if (text != NULL)
		snprintf(to, room, "%.*s", (int)room - 1, text);
}

static int
read_parameters(const struct query *q, struct cmcd *c, struct problem *p)
{
	const char *su = query_get(q, "su");

	if (read_ms(q, "bl", TIME_US_MAX, &c->bl_us, p) != 0 ||
	    read_ms(q, "dl", TIME_US_MAX, &c->dl_us, p) != 0 ||
	    read_ms(q, "tbl", TIME_US_MAX, &c->tbl_us, p) != 0 ||
	    read_ms(q, "ltc", TIME_US_MAX, &c->ltc_us, p) != 0 ||
	    read_ms(q, "d", HINT_SEGMENT_US_MAX, &c->d_us, p) != 0 ||
	    query_seconds(q, "pr", RATE_PPM_MAX, &c->pr_ppm, p) != 0 ||
	    query_int(q, "br", 1, LADDER_KBPS_MAX, &c->br, p) != 0 ||
	    query_int(q, "tb", 1, LADDER_KBPS_MAX, &c->tb, p) != 0 ||
	    query_int(q, "tpb", 1, LADDER_KBPS_MAX, &c->tpb, p) != 0)
		return -EINVAL;
	if (su != NULL)
		c->su = strcmp(su, "false") != 0 && strcmp(su, "?0") != 0;
	copy(q, "st", c->st, sizeof(c->st));
	copy(q, "sid", c->sid, sizeof(c->sid));
	return 0;
}

/* --- As one text ------------------------------------------------------------------------- */

/* The end of one key or key=value, after which there is a comma or nothing. */
static char *
end_of(char *at)
{
	bool quoted = false;

	for (; *at != '\0' && (quoted || *at != ','); at++) {
		if (quoted && *at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '"')
			quoted = !quoted;
	}
	return at;
}

/* A value without its quotes; of a list, "(3200;v 128;a)", the first. */
static char *
bare(char *value)
{
	char *end;

	if (*value == '(')
		value++;
	if (*value == '"') {
		value++;
		end = strrchr(value, '"');
	} else {
		end = strpbrk(value, "; )");
	}
	if (end != NULL)
		*end = '\0';
	return value;
}

static int
read_text(const char *from, struct cmcd *c, struct problem *p)
{
	char text[TEXT_MAX];
	struct query q = {.path = "", .params = 0};
	char *at = text;

	if (strlen(from) >= sizeof(text))
		return problem_set(p, 400, "CMCD", "CMCD is longer than %d bytes.", TEXT_MAX - 1);
	memcpy(text, from, strlen(from) + 1);
	while (*at != '\0' && q.params < QUERY_PARAMS_MAX) {
		char *end = end_of(at), *equals;
		bool last = *end == '\0';

		*end = '\0';
		at += strspn(at, " ");
		equals = strchr(at, '=');
		if (equals != NULL)
			*equals = '\0';
		q.param[q.params].name = at;
		q.param[q.params++].value = equals != NULL ? bare(equals + 1) : "true";
		at = last ? end : end + 1;
	}
	return read_parameters(&q, c, p);
}

int
hint_read_cmcd(const struct value_in *in, struct hint_request *r)
{
	const struct json_t *v = value_get(in->object, "cmcd");
	struct cmcd c;

	begin(&c);
	if (v != NULL && value_string(v) == NULL)
		return problem_set(in->p, 400, "cmcd", "cmcd must be a text.");
	if ((v != NULL && read_text(value_string(v), &c, in->p) != 0) || read_members(in, &c) != 0)
		return -EINVAL;
	return apply(&c, r, in->p);
}

int
hint_read_cmcd_query(const struct query *q, struct hint_request *r, struct problem *p)
{
	const char *text = query_get(q, "CMCD");
	struct cmcd c;

	begin(&c);
	if ((text != NULL && read_text(text, &c, p) != 0) || read_parameters(q, &c, p) != 0)
		return -EINVAL;
	return apply(&c, r, p);
}
