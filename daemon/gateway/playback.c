/* SPDX-License-Identifier: ISC */
/* How much a player has in its buffer. */
#include "daemon/gateway/playback.h"

/* A pause of this share of a segment before a request is made on purpose. */
#define PAUSE_SHARE 4

void
playback_init(struct playback *p)
{
	*p = (struct playback){.max_us = -1};
}

int64_t
playback_buffer_us(struct playback *p, int64_t now_us)
{
	int64_t left_us = p->buffer_us - (now_us - p->at_us);

	if (!p->playing)
		return p->buffer_us;
	if (left_us < 0)
		p->stalled_us -= left_us;
	p->buffer_us = left_us > 0 ? left_us : 0;
	p->at_us = now_us;
	return p->buffer_us;
}

void
playback_give(struct playback *p, int64_t now_us, int64_t duration_us)
{
	(void)playback_buffer_us(p, now_us);
	p->buffer_us += duration_us;
	p->playing = true;
	p->at_us = p->given_us = now_us;
}

void
playback_ask(struct playback *p, int64_t now_us, int64_t duration_us)
{
	int64_t buffer_us = playback_buffer_us(p, now_us);

	if (p->playing && buffer_us > 0 && now_us - p->given_us > duration_us / PAUSE_SHARE)
		p->max_us = buffer_us + duration_us;
}

void
playback_seek(struct playback *p, int64_t now_us)
{
	p->playing = false;
	p->buffer_us = 0;
	p->at_us = now_us;
}
