/* SPDX-License-Identifier: ISC */
/* The ring of happenings and the text of the event stream. */
#include "api/events.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"

void
events_init(struct events *e, const char *boot)
{
	size_t len = strlen(boot);

	memset(e, 0, sizeof(*e));
	if (len > EVENTS_BOOT_MAX)
		len = EVENTS_BOOT_MAX;
	memcpy(e->boot, boot, len);
}

bool
events_carries(enum api_event_kind kind)
{
	return kind == API_EVENT_CHANGE || kind == API_EVENT_OUTAGE_BEGIN ||
	    kind == API_EVENT_OUTAGE_END || kind == API_EVENT_NETWORK;
}

void
events_keep(struct events *e, int64_t seq, const struct api_event_row *row)
{
	size_t slot = e->count % EVENTS_KEPT;

	assert(events_carries(row->kind));
	e->kept[slot].seq = seq;
	e->kept[slot].row = *row;
	e->count++;
}

static uint64_t
oldest(const struct events *e)
{
	return e->count > EVENTS_KEPT ? e->count - EVENTS_KEPT : 0;
}

/* The number in an id of this run; -1 for any other id. */
static int64_t
seq_of(const struct events *e, const char *id)
{
	size_t len = strlen(e->boot);
	int64_t n = 0;

	if (id == NULL || strncmp(id, e->boot, len) != 0 || id[len] != '-' || id[len + 1] == '\0')
		return -1;
	for (id += len + 1; *id >= '0' && *id <= '9' && n < INT64_MAX / 10 - 9; id++)
		n = n * 10 + (*id - '0');
	return *id == '\0' ? n : -1;
}

void
events_start(const struct events *e, const char *last_id, int64_t now_us,
    struct events_cursor *c)
{
	int64_t last = seq_of(e, last_id);

	c->next = e->count;
	c->link_seq = -1; /* whoever comes gets the estimate, also if it is the one it had */
	c->wrote_us = now_us;
	c->greeted = false;
	if (last < 0)
		return;
	while (c->next > oldest(e) && e->kept[(c->next - 1) % EVENTS_KEPT].seq > last)
		c->next--;
}

bool
events_pending(const struct events *e, const struct events_cursor *c, int64_t seq,
    int64_t now_us)
{
	return !c->greeted || c->next < e->count || c->link_seq < seq ||
	    now_us - c->wrote_us >= EVENTS_HEARTBEAT_US;
}

void
events_begin(const struct events *e, struct buf *out, int64_t seq, const char *name)
{
	buf_text(out, "id: ");
	buf_text(out, e->boot);
	buf_char(out, '-');
	buf_int(out, seq);
	buf_text(out, "\nevent: ");
	buf_text(out, name);
	buf_text(out, "\ndata: ");
}

static const char *
begin_or_end(enum api_event_kind kind)
{
	return kind == API_EVENT_OUTAGE_BEGIN ? "begin" : "end";
}

static int64_t
in_ms(int64_t us)
{
	return us == API_UNKNOWN ? API_UNKNOWN : us / 1000;
}

/* An outage that begins does so at its own time; one that ends began when it lasted. */
static void
outage_data(struct jw *w, const struct api_event_row *r)
{
	bool ends = r->kind == API_EVENT_OUTAGE_END;
	bool lasted = r->duration_us != API_UNKNOWN;
	int64_t since = ends && !lasted ? API_UNKNOWN : r->wall_us - (lasted ? r->duration_us : 0);

	jw_key_text(w, "phase", begin_or_end(r->kind));
	jw_key_time(w, "since", since);
	jw_key_int(w, "lasted_ms", in_ms(r->duration_us));
}

static void
change_data(struct jw *w, const struct api_event_row *r)
{
	jw_key_open(w, "change", '{');
	jw_key_text(w, "kind", est_change_name(r->change));
	jw_key_time(w, "time", r->wall_us);
	jw_key_int(w, "from_kbps", r->from_kbps);
	jw_key_int(w, "to_kbps", r->to_kbps);
	jw_close(w, '}');
}

static void
happening(const struct events *e, uint64_t index, struct buf *out)
{
	const struct api_event_row *r = &e->kept[index % EVENTS_KEPT].row;
	const char *name = r->kind == API_EVENT_CHANGE ? "change"
	    : r->kind == API_EVENT_NETWORK	       ? "network"
						       : "outage";
	struct jw w;

	events_begin(e, out, e->kept[index % EVENTS_KEPT].seq, name);
	jw_init(&w, out);
	jw_open(&w, '{');
	jw_key_time(&w, "time", r->wall_us);
	jw_key_text(&w, "link", r->link);
	if (r->kind == API_EVENT_CHANGE)
		change_data(&w, r);
	else if (r->kind == API_EVENT_NETWORK)
		jw_key_text(&w, "kind", r->detail);
	else
		outage_data(&w, r);
	jw_close(&w, '}');
	buf_text(out, "\n\n");
}

void
events_next(const struct events *e, struct events_cursor *c, int64_t seq,
    const struct buf *link, int64_t now_us, struct buf *out)
{
	if (!c->greeted) {
		c->greeted = true;
		buf_text(out, "retry: 2000\n\n");
	} else if (c->next < e->count) {
		if (c->next < oldest(e))
			c->next = oldest(e);
		happening(e, c->next, out);
		c->next++;
	} else if (c->link_seq < seq) {
		c->link_seq = seq;
		events_begin(e, out, seq, "link");
		buf_bytes(out, link->at, link->len);
		buf_text(out, "\n\n");
	} else if (now_us - c->wrote_us >= EVENTS_HEARTBEAT_US) {
		buf_text(out, ":\n\n");
	} else {
		return;
	}
	c->wrote_us = now_us;
}
