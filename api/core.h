/* SPDX-License-Identifier: ISC */
/* What all requests share: the source, what is published, the ring of events. No sockets. */
#ifndef LINKQ_API_CORE_H
#define LINKQ_API_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/buf.h"
#include "api/estimate.h"
#include "api/events.h"
#include "api/hint.h"
#include "api/hint_watch.h"
#include "api/publish.h"
#include "api/source.h"
#include "api/traffic.h"

struct core {
	struct api_source source;
	struct publish publish;
	struct events events;
	struct hint_sessions sessions;
	struct hint_plans plans;
	struct hint_watches watches;
	struct traffic traffic;
	uint64_t version; /* of what core_link gives; anything made of it is stale when it moved */
	uint64_t rendered;
	struct buf link;
	char link_text[ESTIMATE_TEXT_MAX];
};

void core_init(struct core *c, const struct api_source *source, const char *boot);

/* Take a new view now; true if seq rose. */
bool core_update(struct core *c);

/* See to it that what is published is not too old to be an answer. */
void core_refresh(struct core *c);

/* The JSON of what is published, rendered once for all who ask. */
const struct buf *core_link(struct core *c);

/* Look at the segments under way; true: there is news for those who watch. */
bool core_watch(struct core *c);

void core_event(struct core *c, const struct api_event_row *row);

/* W/"boot-seq" */
#define CORE_ETAG_MAX (EVENTS_BOOT_MAX + 32)
void core_etag(const struct core *c, char out[CORE_ETAG_MAX]);

int64_t core_now(const struct core *c);

#endif
