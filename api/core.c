/* SPDX-License-Identifier: ISC */
/* Keeps what is published fresh, and renders it once. */
#include "api/core.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"

void
core_init(struct core *c, const struct api_source *source, const char *boot)
{
	memset(c, 0, sizeof(*c));
	c->source = *source;
	c->version = 1;
	events_init(&c->events, boot);
	hint_sessions_init(&c->sessions);
	hint_plans_init(&c->plans);
}

int64_t
core_now(const struct core *c)
{
	int64_t now_us, wall_us;

	c->source.instant(c->source.ctx, &now_us, &wall_us);
	return now_us;
}

/* There is always a link of the default route, if only the last one. */
static void
take_view(struct core *c, struct api_view *out)
{
	int error = c->source.view(c->source.ctx, NULL, out);

	assert(error == 0);
	(void)error;
	c->version++;
}

bool
core_update(struct core *c)
{
	struct api_view view;

	take_view(c, &view);
	return publish_update(&c->publish, &view);
}

void
core_refresh(struct core *c)
{
	if (!c->publish.any || core_now(c) - c->publish.view.now_us >= PUBLISH_AGE_US)
		core_update(c);
}

const struct buf *
core_link(struct core *c)
{
	struct jw w;

	if (c->rendered == c->version)
		return &c->link;
	buf_init(&c->link, c->link_text, sizeof(c->link_text));
	jw_init(&w, &c->link);
	estimate_write(&w, &c->publish.view, c->publish.seq);
	assert(!c->link.overflow);
	c->rendered = c->version;
	return &c->link;
}

bool
core_watch(struct core *c)
{
	static struct outlook outlook;

	if (!hint_watch_any(&c->watches) ||
	    c->source.outlook(c->source.ctx, NULL, &outlook) != 0)
		return false;
	return hint_watch_look(&c->watches, &c->plans, &outlook, core_now(c));
}

void
core_event(struct core *c, const struct api_event_row *row)
{
	struct api_view view;

	if (!events_carries(row->kind))
		return;
	take_view(c, &view);
	events_keep(&c->events, publish_event(&c->publish, &view), row);
}

void
core_etag(const struct core *c, char out[CORE_ETAG_MAX])
{
	snprintf(out, CORE_ETAG_MAX, "W/\"%s-%lld\"", c->events.boot, (long long)c->publish.seq);
}
