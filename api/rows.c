/* SPDX-License-Identifier: ISC */
/* Rows of the history as CSV (RFC 4180) and as JSON objects with the same names. */
#include "api/rows.h"

#include <assert.h>
#include <string.h>

#include "api/json.h"

const char *
api_event_kind_name(const struct api_event_row *row)
{
	switch (row->kind) {
	case API_EVENT_CHANGE:
		return row->change == EST_CHANGE_NONE ? "change" : est_change_name(row->change);
	case API_EVENT_OUTAGE_BEGIN:
		return "outage-begin";
	case API_EVENT_OUTAGE_END:
		return "outage-end";
	case API_EVENT_NETWORK:
		return "network";
	case API_EVENT_STATE:
		return "state";
	case API_EVENT_DAEMON:
		return "daemon";
	}
	assert(false && "an event's kind is one of the above");
	return "";
}

/* One row in the making, in either format: each value is named, and CSV drops the name. */
struct row {
	struct jw json;
	struct buf *out;
	bool csv, started;
};

static void
row_begin(struct row *r, struct buf *b, enum api_format f)
{
	r->out = b;
	r->csv = f == API_CSV;
	r->started = false;
	jw_init(&r->json, b);
	if (!r->csv)
		jw_open(&r->json, '{');
}

static void
row_end(struct row *r, enum api_format f)
{
	if (!r->csv)
		jw_close(&r->json, '}');
	if (f != API_JSON)
		buf_char(r->out, '\n');
}

static void
cell(struct row *r)
{
	if (r->started)
		buf_char(r->out, ',');
	r->started = true;
}

static void
put_time(struct row *r, const char *name, int64_t wall_us)
{
	if (!r->csv) {
		jw_key_time(&r->json, name, wall_us);
		return;
	}
	cell(r);
	if (wall_us != API_UNKNOWN)
		buf_time(r->out, wall_us);
}

static void
put_fixed(struct row *r, const char *name, int64_t n, unsigned decimals)
{
	if (!r->csv) {
		jw_key_fixed(&r->json, name, n, decimals);
		return;
	}
	cell(r);
	if (n != API_UNKNOWN)
		buf_fixed(r->out, n, decimals);
}

static void
put_int(struct row *r, const char *name, int64_t n)
{
	put_fixed(r, name, n, 0);
}

static void
put_ms(struct row *r, const char *name, int64_t us)
{
	put_fixed(r, name, us, 3);
}

/* Our own words need no quotes. */
static void
put_word(struct row *r, const char *name, const char *word)
{
	if (!r->csv) {
		jw_key_text(&r->json, name, word);
		return;
	}
	cell(r);
	buf_text(r->out, word);
}

static bool
needs_quotes(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == ',' || *text == '"' || *text == '\r' || *text == '\n')
			return true;
	return false;
}

/* Text from outside may hold anything. */
static void
put_text(struct row *r, const char *name, const char *text)
{
	if (!r->csv || !needs_quotes(text)) {
		put_word(r, name, text);
		return;
	}
	cell(r);
	buf_char(r->out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_char(r->out, '"');
		buf_char(r->out, *text);
	}
	buf_char(r->out, '"');
}

static void
put_bool(struct row *r, const char *name, bool yes)
{
	if (!r->csv) {
		jw_key_bool(&r->json, name, yes);
		return;
	}
	cell(r);
	buf_char(r->out, yes ? '1' : '0');
}

#define ESTIMATE_HEADER \
	"time,link,state,quality,down_kbps_p10,down_kbps_p50,down_kbps_p90,up_kbps_p50," \
	"rtt_ms_min,rtt_ms_p50,rtt_ms_p90,ttfb_ms_p50,loss_ratio,observations,bytes_observed," \
	"bytes_probed\n"
#define OBSERVATION_HEADER \
	"time,link,source,direction,bytes,duration_ms,ttfb_ms,connect_ms,ok,error,app\n"
#define CONDITION_HEADER "from,to,link,state,quality,seconds"
#define EVENT_HEADER "time,link,kind,from_kbps,to_kbps,duration_ms,detail\n"

void
rows_csv_header(struct buf *b, enum api_what what)
{
	static const char *const header[] = {
		[API_ESTIMATES] = ESTIMATE_HEADER,
		[API_OBSERVATIONS] = OBSERVATION_HEADER,
		[API_EVENTS] = EVENT_HEADER,
		[API_CONDITIONS] = CONDITION_HEADER "\n",
	};

	assert((size_t)what < sizeof(header) / sizeof(header[0]));
	buf_text(b, header[what]);
}

void
rows_condition_header(struct buf *b, bool by_hour)
{
	buf_text(b, by_hour ? CONDITION_HEADER ",hour\n" : CONDITION_HEADER "\n");
}

/* The CSV of estimates is what exports are made of, by the million: without asking for room
 * at each character, half the instructions. */
static char *
csv_number(char *at, int64_t n, unsigned decimals)
{
	*at++ = ',';
	return n == API_UNKNOWN ? at : buf_write_fixed(at, n, decimals);
}

static char *
csv_word(char *at, const char *word)
{
	size_t len = strlen(word);

	*at++ = ',';
	memcpy(at, word, len);
	return at + len;
}

static void
csv_estimate(struct buf *b, const struct api_estimate_row *e)
{
	char *at = b->at + b->len;

	if (e->wall_us != API_UNKNOWN)
		at = buf_write_time(at, e->wall_us);
	at = csv_word(at, e->link);
	at = csv_word(at, est_state_name(e->state));
	at = csv_word(at, est_quality_name(e->quality));
	at = csv_number(at, e->down_kbps_p10, 0);
	at = csv_number(at, e->down_kbps_p50, 0);
	at = csv_number(at, e->down_kbps_p90, 0);
	at = csv_number(at, e->up_kbps_p50, 0);
	at = csv_number(at, e->rtt_us_min, 3);
	at = csv_number(at, e->rtt_us_p50, 3);
	at = csv_number(at, e->rtt_us_p90, 3);
	at = csv_number(at, e->ttfb_us_p50, 3);
	at = csv_number(at, e->loss_ppm, 6);
	at = csv_number(at, e->observations, 0);
	at = csv_number(at, e->bytes_observed, 0);
	at = csv_number(at, e->bytes_probed, 0);
	*at++ = '\n';
	b->len = (size_t)(at - b->at);
	assert(b->len <= b->cap);
}

void
rows_estimate(struct buf *b, enum api_format f, const struct api_estimate_row *e)
{
	struct row r;

	if (f == API_CSV && b->cap - b->len >= API_ROW_TEXT_MAX && !needs_quotes(e->link)) {
		csv_estimate(b, e);
		return;
	}
	row_begin(&r, b, f);
	put_time(&r, "time", e->wall_us);
	put_text(&r, "link", e->link);
	put_word(&r, "state", est_state_name(e->state));
	put_word(&r, "quality", est_quality_name(e->quality));
	put_int(&r, "down_kbps_p10", e->down_kbps_p10);
	put_int(&r, "down_kbps_p50", e->down_kbps_p50);
	put_int(&r, "down_kbps_p90", e->down_kbps_p90);
	put_int(&r, "up_kbps_p50", e->up_kbps_p50);
	put_ms(&r, "rtt_ms_min", e->rtt_us_min);
	put_ms(&r, "rtt_ms_p50", e->rtt_us_p50);
	put_ms(&r, "rtt_ms_p90", e->rtt_us_p90);
	put_ms(&r, "ttfb_ms_p50", e->ttfb_us_p50);
	put_fixed(&r, "loss_ratio", e->loss_ppm, 6);
	put_int(&r, "observations", e->observations);
	put_int(&r, "bytes_observed", e->bytes_observed);
	put_int(&r, "bytes_probed", e->bytes_probed);
	row_end(&r, f);
}

void
rows_observation(struct buf *b, enum api_format f, const struct api_observation_row *o)
{
	struct row r;

	row_begin(&r, b, f);
	put_time(&r, "time", o->wall_us);
	put_text(&r, "link", o->link);
	put_word(&r, "source", est_source_name(o->source));
	put_word(&r, "direction", o->direction == EST_UP ? "up" : "down");
	put_int(&r, "bytes", o->bytes);
	put_ms(&r, "duration_ms", o->duration_us);
	put_ms(&r, "ttfb_ms", o->ttfb_us);
	put_ms(&r, "connect_ms", o->connect_us);
	put_bool(&r, "ok", o->ok);
	put_word(&r, "error", est_error_name(o->error));
	put_text(&r, "app", o->app);
	row_end(&r, f);
}

void
rows_event(struct buf *b, enum api_format f, const struct api_event_row *e)
{
	struct row r;

	row_begin(&r, b, f);
	put_time(&r, "time", e->wall_us);
	put_text(&r, "link", e->link);
	put_word(&r, "kind", api_event_kind_name(e));
	put_int(&r, "from_kbps", e->from_kbps);
	put_int(&r, "to_kbps", e->to_kbps);
	put_ms(&r, "duration_ms", e->duration_us);
	put_text(&r, "detail", e->detail);
	row_end(&r, f);
}

void
rows_condition(struct buf *b, enum api_format f, const struct api_condition_row *c)
{
	struct row r;

	row_begin(&r, b, f);
	put_time(&r, "from", c->from_wall_us);
	put_time(&r, "to", c->to_wall_us);
	put_text(&r, "link", c->link);
	put_word(&r, "state", c->no_data ? "no_data" : est_state_name(c->state));
	put_word(&r, "quality", c->no_data ? "unknown" : est_quality_name(c->quality));
	put_int(&r, "seconds", c->seconds);
	if (c->hour >= 0)
		put_int(&r, "hour", c->hour);
	row_end(&r, f);
}
