/* SPDX-License-Identifier: ISC */
/* Makes the continuity counters of MPEG-TS segments go on from one to the next. */
#include "daemon/gateway/ts.h"

#define PID_NULL 0x1fff

void
ts_begin(struct ts_counters *c)
{
	for (size_t i = 0; i < c->len; i++)
		c->pid[i].seen = false;
}

/* The place of a PID; TS_PIDS_MAX: there is none left. *fresh: it was not known. */
static size_t
place_of(struct ts_counters *c, uint16_t pid, bool *fresh)
{
	size_t i = 0;

	while (i < c->len && c->pid[i].pid != pid)
		i++;
	*fresh = i == c->len;
	if (*fresh && i < TS_PIDS_MAX) {
		c->len++;
		c->pid[i].pid = pid;
		c->pid[i].add = 0;
		c->pid[i].seen = true;
	}
	return i;
}

static void
join_packet(struct ts_counters *c, unsigned char *p)
{
	const uint16_t pid = (uint16_t)((p[1] & 0x1f) << 8 | p[2]);
	const bool payload = p[3] & 0x10, adaptation = p[3] & 0x20;
	const bool jumps = adaptation && p[4] > 0 && p[5] & 0x80; /* and says so itself */
	uint8_t counter = p[3] & 0x0f;
	bool fresh;
	size_t i;

	if (pid == PID_NULL)
		return;
	i = place_of(c, pid, &fresh);
	if (i == TS_PIDS_MAX)
		return;
	if (!fresh && !c->pid[i].seen)
		c->pid[i].add = jumps ? 0 : (uint8_t)(c->pid[i].last + payload - counter) & 0x0f;
	c->pid[i].seen = true;
	counter = (uint8_t)(counter + c->pid[i].add) & 0x0f;
	p[3] = (unsigned char)((p[3] & 0xf0) | counter);
	c->pid[i].last = counter;
}

size_t
ts_join(struct ts_counters *c, unsigned char *data, size_t len)
{
	size_t at = 0;

	for (; len - at >= TS_PACKET; at += TS_PACKET) {
		if (data[at] != 0x47)
			return len;
		join_packet(c, data + at);
	}
	return len > at && data[at] != 0x47 ? len : at;
}
