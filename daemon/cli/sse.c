/* SPDX-License-Identifier: ISC */
/* Server-sent events, taken apart as their bytes come. */
#include "daemon/cli/sse.h"

#include <stdio.h>
#include <string.h>

void
sse_init(struct sse *s)
{
	memset(s, 0, sizeof *s);
}

static void
forget_event(struct sse *s)
{
	s->data_len = 0;
	s->data_cut = s->data_any = false;
	*s->event = '\0';
}

void
sse_restart(struct sse *s)
{
	s->line_len = 0;
	s->line_cut = false;
	forget_event(s);
}

static void
dispatch(struct sse *s, sse_event_fn *fn, void *arg)
{
	s->data[s->data_len] = '\0';
	if (s->data_any && !s->data_cut)
		fn(arg, *s->event != '\0' ? s->event : "message", s->data);
	forget_event(s);
}

static void
add_data(struct sse *s, const char *value)
{
	size_t len = strlen(value), newline = s->data_any ? 1 : 0;

	if (s->data_len + newline + len > SSE_DATA_MAX) {
		s->data_cut = true;
		return;
	}
	if (newline)
		s->data[s->data_len++] = '\n';
	memcpy(s->data + s->data_len, value, len);
	s->data_len += len;
	s->data_any = true;
}

static void
take_line(struct sse *s, sse_event_fn *fn, void *arg)
{
	char *value;

	if (s->line_len == 0) {
		dispatch(s, fn, arg);
		return;
	}
	value = strchr(s->line, ':');
	if (value == s->line)
		return; /* a comment: the heartbeat */
	if (value == NULL) {
		value = s->line + s->line_len;
	} else {
		*value++ = '\0';
		if (*value == ' ')
			value++;
	}
	if (strcmp(s->line, "data") == 0)
		add_data(s, value);
	else if (strcmp(s->line, "event") == 0)
		snprintf(s->event, sizeof s->event, "%s", value);
	else if (strcmp(s->line, "id") == 0 && strlen(value) <= SSE_ID_MAX)
		memcpy(s->id, value, strlen(value) + 1);
}

void
sse_feed(struct sse *s, const char *bytes, size_t len, sse_event_fn *fn, void *arg)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n') {
			if (s->line_len + 1 < sizeof s->line)
				s->line[s->line_len++] = bytes[i];
			else
				s->line_cut = true;
			continue;
		}
		if (s->line_len > 0 && s->line[s->line_len - 1] == '\r')
			s->line_len--;
		s->line[s->line_len] = '\0';
		if (s->line_cut)
			s->data_cut = true;
		else
			take_line(s, fn, arg);
		s->line_len = 0;
		s->line_cut = false;
	}
}
