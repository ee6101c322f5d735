/* SPDX-License-Identifier: ISC */
/* A client on a ride, in virtual time. */
#include "tests/sim/client.h"

#include <math.h>
#include <stddef.h>

#define SEGMENT 1448.0
#define SLICE_S 0.5
#define GIVE_UP_S 10.0
#define IDLE_S 10.0       /* a connection is closed after so long */
#define RESET_S 1.0       /* and its window forgotten after that */
#define BUFFER_S 24.0
#define VIDEO_S 4.0
#define PROBE_S 2.0
#define PROBE_BYTES 98304.0
#define PROBE_EACH 8      /* one in so many is a download */

const char *
client_name(enum client_kind kind)
{
	static const char *const names[CLIENT_KINDS] = { "video", "bulk", "web", "probe" };

	return names[kind];
}

void
client_init(struct client *c, enum client_kind kind, const struct ride *ride, uint64_t seed)
{
	*c = (struct client){
		.kind = kind,
		.ride = ride,
		.rng = { .state = seed },
		.rate_kbps = 500.0,
	};
	for (int i = 0; i < CONNECTIONS; i++)
		c->on[i].used_s = -1e9;
}

static void
begin(struct client *c, double size)
{
	const double rtt_s = ride_rtt_s(c->ride, c->now_s);
	struct connection *free = NULL;

	for (int i = 0; i < CONNECTIONS; i++) {
		struct connection *at = &c->on[i];

		if (!at->busy && (free == NULL || at->used_s > free->used_s))
			free = at;
	}
	if (free == NULL)
		return;
	free->fresh = c->now_s - free->used_s > IDLE_S;
	if (free->fresh || c->now_s - free->used_s > RESET_S)
		free->window = 10.0 * SEGMENT;
	free->busy = true;
	free->request = ++c->requests;
	free->start_s = free->reported_s = c->now_s;
	free->first_s = -1.0;
	free->waited_s = 0.0;
	free->wait_s = rtt_s * (1.0 + rng_exponential(&c->rng, 0.1)) * (free->fresh ? 2.0 : 1.0) +
	    rng_exponential(&c->rng, c->kind == CLIENT_PROBE ? 0.001 : 0.01);
	free->size = size;
	free->got = 0.0;
	free->hole_s = 0.0;
	free->credit = free->window;
	free->round_s = rtt_s;
}

/* What the client would say of a request now. */
static void
report(struct client *c, struct connection *at, bool done, bool gave_up)
{
	const double connect_s = at->fresh ? at->wait_s / 2.0 : 0.0;
	struct est_sample s = {
		.ended_us = (int64_t)llround(c->now_s * 1e6),
		.request = at->request,
		.source = c->kind == CLIENT_PROBE ? EST_PROBE : EST_APP,
		.error = gave_up ? EST_ERROR_TIMEOUT : EST_ERROR_NONE,
		.in_progress = !done,
		.bytes = (int64_t)at->got,
		.duration_us = (int64_t)llround((c->now_s - at->start_s) * 1e6),
		.ttfb_us = -1,
		.connect_us = -1,
		.rtt_us = -1,
	};

	if (at->first_s >= 0.0) {
		s.ttfb_us = (int64_t)llround((at->first_s - at->start_s) * 1e6);
		s.connect_us = (int64_t)llround(connect_s * 1e6);
		if (s.connect_us > s.ttfb_us)
			s.connect_us = s.ttfb_us;
	}
	at->reported_s = c->now_s;
	c->report(c->arg, &s);
}

static void
finish(struct client *c, struct connection *at, bool gave_up)
{
	const double s = c->now_s - at->start_s;

	report(c, at, true, gave_up);
	at->busy = false;
	at->used_s = gave_up ? -1e9 : c->now_s;
	if (c->kind != CLIENT_VIDEO)
		return;
	c->rate_kbps = gave_up ? c->rate_kbps / 2.0 : at->size * 0.008 / s;
	c->buffer_s = fmax(0.0, c->buffer_s - s) + VIDEO_S;
	c->next_s = c->now_s + fmax(0.0, c->buffer_s - BUFFER_S);
	c->buffer_s = fmin(c->buffer_s, BUFFER_S);
}

static int
active(const struct client *c)
{
	int n = 0;

	for (int i = 0; i < CONNECTIONS; i++)
		n += c->on[i].busy;
	return n;
}

static double
object_bytes(struct client *c)
{
	return fmin(1.5e6, fmax(900.0, exp(9.8 + 1.3 * rng_normal(&c->rng))));
}

static double
segment_bytes(struct client *c)
{
	static const double ladder[] = { 235, 375, 560, 750, 1050, 1750, 2350, 3000, 4300, 5800,
		8000, 12000 };
	double kbps = ladder[0];

	for (size_t i = 0; i < sizeof ladder / sizeof ladder[0]; i++)
		if (ladder[i] <= 0.8 * c->rate_kbps)
			kbps = ladder[i];
	return kbps * 125.0 * VIDEO_S * exp(0.2 * rng_normal(&c->rng));
}

/* Start what is due. */
static void
want(struct client *c)
{
	const int busy = active(c);

	switch (c->kind) {
	case CLIENT_VIDEO:
		if (busy == 0 && c->now_s >= c->next_s)
			begin(c, segment_bytes(c));
		break;
	case CLIENT_BULK:
		if (busy == 0)
			begin(c, exp2(rng_between(&c->rng, 18.0, 22.0)));
		break;
	case CLIENT_WEB:
		if (busy == 0 && c->queued == 0) {
			if (c->next_s < 0.0)
				c->next_s = c->now_s + rng_exponential(&c->rng, 5.0);
			if (c->now_s >= c->next_s) {
				c->next_s = -1.0;
				c->queued = 2 + (int)rng_between(&c->rng, 0.0, 12.0);
				begin(c, 8000.0 + 32000.0 * rng_even(&c->rng));
			}
		}
		while (c->queued > 0 && active(c) < CONNECTIONS && busy > 0 &&
		    c->on[0].got + c->on[1].got > 0.0) {
			begin(c, object_bytes(c));
			c->queued--;
		}
		if (busy == 0 && c->queued > 0) {
			begin(c, object_bytes(c));
			c->queued--;
		}
		break;
	case CLIENT_PROBE:
		if (c->now_s >= c->next_s && busy < 2) {
			begin(c, c->probes++ % PROBE_EACH == 0 ? PROBE_BYTES : 0.0);
			c->next_s = c->now_s + PROBE_S;
		}
		break;
	case CLIENT_KINDS:
		break;
	}
}

/* Bytes of one connection in a step, where `share` is what the link has for it. */
static double
receive(struct client *c, struct connection *at, double share)
{
	const double rtt_s = ride_rtt_s(c->ride, c->now_s);
	double rate = share;

	at->round_s -= CLIENT_STEP_S;
	if (at->round_s <= 0.0) {
		if (at->credit <= 0.0)
			at->window *= 2.0;
		at->credit = at->window;
		at->round_s = rtt_s;
	}
	if (at->hole_s > 0.0) {
		at->hole_s -= CLIENT_STEP_S;
		return 0.0;
	}
	rate = fmin(rate, at->credit / CLIENT_STEP_S);
	at->credit -= rate * CLIENT_STEP_S;
	/* a loss each few thousand packets: the reader waits for two round trips */
	if (rng_even(&c->rng) < rate * CLIENT_STEP_S / SEGMENT / 4000.0)
		at->hole_s = 2.0 * rtt_s;
	return rate * CLIENT_STEP_S;
}

static void
progress(struct client *c, struct connection *at, double share)
{
	const bool alive = ride_kbps(c->ride, c->now_s) > 0.0;
	const double due_s = c->kind == CLIENT_PROBE ? SLICE_S / 2.0 : SLICE_S;

	if (at->first_s < 0.0) {
		at->waited_s += alive ? CLIENT_STEP_S : 0.0;
		if (at->waited_s >= at->wait_s)
			at->first_s = c->now_s;
	} else {
		at->got = fmin(at->size, at->got + receive(c, at, share));
	}
	if (at->first_s >= 0.0 && at->got >= at->size)
		finish(c, at, false);
	else if (c->now_s - at->start_s > GIVE_UP_S && at->got < 0.5 * at->size + 1.0)
		finish(c, at, true);
	else if (c->now_s - at->reported_s >= due_s)
		report(c, at, false, false);
}

void
client_step(struct client *c)
{
	const double bytes_s = ride_kbps(c->ride, c->now_s) * 125.0 * 0.965;
	int body = 0;

	want(c);
	c->now_s += CLIENT_STEP_S;
	for (int i = 0; i < CONNECTIONS; i++)
		body += c->on[i].busy && c->on[i].first_s >= 0.0;
	for (int i = 0; i < CONNECTIONS; i++)
		if (c->on[i].busy)
			progress(c, &c->on[i], bytes_s / (body > 0 ? body : 1));
}
