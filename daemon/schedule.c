/* SPDX-License-Identifier: ISC */
/* When to ask whom: out of turn, in turn, and how much. */
#include "daemon/schedule_internal.h"

#include <stdio.h>
#include <string.h>

#define CHECK_PACE_US MS(700)
#define SUSPECT_STRANGER_US SECONDS(5) /* strangers are not asked at each pause */
#define RECOVERY_PACE_US SECONDS(1)
#define RECOVERY_SLOW_US SECONDS(2)   /* strangers */
/* After a minute. A SYN is sent again after a second: somebody calls at least each two, and
 * a day of it is 5 MB. */
#define RECOVERY_LONG_US SECONDS(60)
#define URGENT_FLIGHTS_MAX 6

#define FRESH_EVERY 10 /* a kept connection hides what connecting costs */
#define FILL_US MS(500)    /* a sized body takes about so long */
#define NARROW 2 /* p90 over p10: known well enough, so long as nothing changes */
#define NARROW_FACTOR 10
#define NARROW_AFTER_US SECONDS(120)
#define WIDE 6 /* p90 over p10: it is worth bytes to know more */
#define HEAVY_BYTES INT64_C(16384) /* a small request's body that says something of rate */
#define COPIES_MAX 8
#define SIZED_OWN_MAX INT64_C(4194304)
#define SIZED_STRANGER_MAX INT64_C(1048576)

static void
host_of(const char *url, char *out, size_t len)
{
	const char *from = strstr(url, "://");
	size_t n;

	from = from ? from + 3 : url;
	n = strcspn(from, "/?#");
	(void)snprintf(out, len, "%.*s", (int)(n < len ? n : len - 1), from);
}

void
sched_configure(struct sched *s, int64_t now_us, const struct conf *c)
{
	struct ledger *ledger = s->ledger, own = s->own;
	int64_t day_bytes = c->budget_day_bytes;
	bool metered = s->metered;

	if (metered && c->budget_metered_bytes < day_bytes)
		day_bytes = c->budget_metered_bytes;
	*s = (struct sched){
		.interval_us = c->probe_interval_us,
		.stranger_us = c->stranger_interval_us,
		.download_us = c->download_interval_us,
		.upload_us = c->upload_interval_us,
		.ledger = ledger,
		.hour_bytes = c->budget_hour_bytes,
		.day_bytes = c->budget_day_bytes,
		.metered_bytes = c->budget_metered_bytes,
		.metered = metered,
		.own = own,
		.calm_us = now_us,
		.dither = (uint32_t)now_us,
		.targets = c->probe.len,
	};
	for (size_t i = 0; i < s->targets; i++) {
		struct sched_target *t = &s->target[i];

		*t = (struct sched_target){ .kind = c->probe.at[i].kind,
			.own = c->probe.at[i].own, .asked_us = SCHED_NEVER, .ttfb_us = -1,
			.connect_us = -1, .mute_until_us = SCHED_NEVER, .body_bytes = -1,
			.tls = strncmp(c->probe.at[i].url, "https:", 6) == 0 };
		host_of(c->probe.at[i].url, t->host, sizeof(t->host));
	}
	s->heard_us = s->confirmed_us = s->silent_since_us = SCHED_NEVER;
	s->suspect_us = s->wonder_us = SCHED_NEVER;
	s->urgent_us = s->latency_us = SCHED_NEVER;
	s->download_last_us = s->upload_last_us = SCHED_NEVER;
	s->change_us = s->others_us = SCHED_NEVER;
	s->rtt_us = s->ttfb_us_p90 = -1;
	s->wide_us = SCHED_WIDE_LEAST_US;
	s->soon_us = INT64_MAX;
	if (ledger == &s->own) /* else its owner sets them */
		ledger_limit(ledger, now_us, c->budget_hour_bytes, day_bytes);
}

void
sched_share(struct sched *s, struct ledger *ledger)
{
	s->ledger = ledger;
}

void
sched_init(struct sched *s, int64_t now_us, const struct conf *c)
{
	s->ledger = &s->own;
	ledger_init(s->ledger, now_us, c->budget_hour_bytes, c->budget_day_bytes);
	sched_configure(s, now_us, c);
}

/* --- what next ------------------------------------------------------------------------- */

/* The one of this kind that was asked longest ago; -1: none may be asked. `apart` keeps
 * away from hosts that a late flight waits for, where another one is to be had. */
static int
choose(struct sched *s, int64_t now_us, enum conf_target_kind kind, bool urgent)
{
	int best = -1, best_score = -1;

	for (size_t i = 0; i < s->targets; i++) {
		const struct sched_target *t = &s->target[i];
		struct sched_ask ask = { .target = (int)i };
		int score = 4;

		if (t->kind != kind || (!urgent && sched_in_the_air(s, (int)i)))
			continue;
		sched_price(s, &ask);
		if (kind == CONF_LATENCY && !(urgent ? sched_affordable(s, now_us, &ask)
				: sched_affordable_in_turn(s, now_us, &ask)))
			continue;
		if (!urgent && (sched_muted(t, now_us) ||
				(!t->own && now_us - t->asked_us < s->stranger_us +
					sched_dither_us(s, s->stranger_us))))
			continue;
		for (int f = 0; f < SCHED_FLIGHTS_MAX; f++) {
			const struct sched_flight *o = &s->flight[f];

			if (!o->used || !sched_late(s, now_us, f))
				continue;
			if (o->target == (int)i)
				score = 1;
			else if (score > 2 && strcmp(s->target[o->target].host, t->host) == 0)
				score = 3;
		}
		if (sched_muted(t, now_us))
			score = 0;
		if (best < 0 || score > best_score ||
		    (score == best_score && t->asked_us < s->target[best].asked_us)) {
			best = (int)i;
			best_score = score;
		}
	}
	return best;
}

bool
sched_long(const struct sched *s, int64_t now_us)
{
	return s->silent_since_us != SCHED_NEVER && now_us - s->silent_since_us > RECOVERY_LONG_US;
}

static int64_t
recovery_pace_us(const struct sched *s, int64_t now_us)
{
	bool stranger = s->targets > 0 && !s->target[0].own;

	if (s->silent_since_us == SCHED_NEVER)
		return CHECK_PACE_US;
	if (sched_long(s, now_us))
		return SCHED_CALL_US;
	return stranger ? RECOVERY_SLOW_US : RECOVERY_PACE_US;
}

/* A suspicion that has not been looked into. */
static bool
suspected(const struct sched *s, int64_t now_us)
{
	bool stranger = s->targets > 0 && !s->target[0].own;
	int64_t since_us = sched_suspected_us(s, now_us);

	return since_us != SCHED_NEVER && s->urgent_us < since_us &&
	    !(stranger && now_us - s->urgent_us < SUSPECT_STRANGER_US);
}

/* Copies of one body, sent off together, are one question. */
static bool
is_copy(const struct sched *s, int flight)
{
	for (int f = 0; f < flight; f++)
		if (s->flight[f].used && s->flight[f].target == s->flight[flight].target &&
		    s->flight[f].started_us == s->flight[flight].started_us)
			return true;
	return false;
}

/* Somebody waits, or the belief is that nothing gets through: ask out of turn. */
static bool
urgent(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    struct sched_ask *out)
{
	bool down = belief->state == EST_STALLED || belief->state == EST_OFFLINE;
	bool suspicion = down || suspected(s, now_us), quiet = false;
	int flights = 0, young = 0, target;

	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++) {
		quiet = quiet || sched_silent(s, now_us, f);
		flights += s->flight[f].used && !is_copy(s, f);
		young += s->flight[f].used && !sched_late(s, now_us, f);
	}
	/* One that has not had its time yet may still answer the question. */
	if (!(suspicion || quiet) || flights >= URGENT_FLIGHTS_MAX ||
	    (young > 0 && s->silent_since_us == SCHED_NEVER) ||
	    now_us - s->urgent_us < recovery_pace_us(s, now_us))
		return false;
	target = choose(s, now_us, CONF_LATENCY, true);
	if (target < 0)
		return false;
	/* On a suspicion alone a kept connection is enough, and cheaper. */
	*out = (struct sched_ask){ .target = target, .copies = 1, .urgent = true,
		.fresh = down || quiet, .why = down ? SCHED_RECOVERY : SCHED_CHECK };
	return true;
}

static bool
first_round(const struct sched *s)
{
	for (size_t i = 0; i < s->targets; i++)
		if (s->target[i].own && s->target[i].kind == CONF_LATENCY &&
		    s->target[i].asked_us == SCHED_NEVER)
			return true;
	return false;
}

static bool
small(struct sched *s, int64_t now_us, struct sched_ask *out)
{
	int target = choose(s, now_us, CONF_LATENCY, false);
	const struct sched_target *t;

	if (target < 0)
		return false;
	t = &s->target[target];
	if (now_us - s->latency_us < sched_interval_us(s, now_us) && !first_round(s) &&
	    now_us < s->soon_us)
		return false;
	/* Strangers share the time between two requests to one of them, so that somebody
	 * is asked as evenly as may be. */
	if (!t->own && sched_askable(s, now_us) > 0 && t->asked_us != SCHED_NEVER &&
	    now_us - s->latency_us < s->stranger_us / (int64_t)sched_askable(s, now_us) &&
	    now_us < s->soon_us)
		return false;
	*out = (struct sched_ask){ .target = target, .copies = 1,
		.fresh = t->fresh_next || t->asked >= FRESH_EVERY,
		.why = t->asked_us == SCHED_NEVER ? SCHED_FIRST
		    : t->fresh_next                ? SCHED_CHANGE
						   : SCHED_TURN };
	return true;
}

/*
 * Who gives a body that fills the link: a target of that kind; for a download else one of
 * the user's own whose small answer is not that small, asked several times at once. Alone
 * it would end within the first window, and say "at least" only.
 */
static int
filler(struct sched *s, int64_t now_us, enum conf_target_kind kind, int *copies,
    int64_t bytes)
{
	int target = choose(s, now_us, kind, false);

	*copies = 1;
	for (size_t i = 0; i < s->targets && target < 0 && kind == CONF_DOWNLOAD; i++) {
		const struct sched_target *t = &s->target[i];

		if (t->kind == CONF_DOWNLOAD)
			return -1; /* there is one; it may not be asked now */
		if (t->kind != CONF_LATENCY || !t->own || sched_muted(t, now_us) ||
		    t->body_bytes < HEAVY_BYTES)
			continue;
		*copies = (int)(bytes / t->body_bytes);
		*copies = *copies < 2 ? 2 : *copies > COPIES_MAX ? COPIES_MAX : *copies;
		return (int)i;
	}
	return target;
}

/* Where the interval is wide, bytes buy the most; each time less, should they not help. */
static int64_t
sized_interval_us(const struct sched *s, int64_t now_us, const struct est_rate *rate, bool up)
{
	int64_t interval_us = up ? s->upload_us : s->download_us;

	interval_us += sched_dither_us(s, interval_us);

	if (rate->known && rate->kbps_p90 < NARROW * rate->kbps_p10 &&
	    now_us - s->calm_us > NARROW_AFTER_US)
		return NARROW_FACTOR * interval_us;
	if (up || !rate->known || rate->kbps_p90 < WIDE * rate->kbps_p10)
		return interval_us;
	return s->wide_us < interval_us ? s->wide_us : interval_us;
}

/* A body that takes FILL_US at the median: large enough to see past the first window. */
static bool
sized(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    enum conf_target_kind kind, struct sched_ask *out)
{
	bool up = kind == CONF_UPLOAD;
	const struct est_rate *rate = &belief->rate[up ? EST_UP : EST_DOWN];
	int64_t last_us = up ? s->upload_last_us : s->download_last_us;
	int64_t bytes = rate->known ? rate->kbps_p50 * FILL_US / 8000 : SIZED_MIN, most;
	int target, copies;

	if (now_us - last_us < sized_interval_us(s, now_us, rate, up) || belief->state != EST_ONLINE)
		return false;
	/* A body beside other traffic would get a share only, and take one from it. */
	if (rate->known && sched_others_tell(s, now_us))
		return false;
	target = filler(s, now_us, kind, &copies, bytes);
	if (target < 0)
		return false;
	most = s->target[target].own ? SIZED_OWN_MAX : SIZED_STRANGER_MAX;
	if (most > sched_largest_bytes(s, now_us))
		most = sched_largest_bytes(s, now_us);
	if (most < SIZED_MIN / 4)
		return false; /* it would end within the first window */
	bytes = bytes > most ? most : bytes < SIZED_MIN ? SIZED_MIN : bytes;
	if (copies > 1)
		bytes = copies * s->target[target].body_bytes;
	*out = (struct sched_ask){ .target = target, .bytes = bytes, .copies = copies,
		.why = SCHED_SIZED, .fresh = s->target[target].fresh_next };
	sched_price(s, out);
	if (!sched_affordable_in_turn(s, now_us, out))
		return false;
	if (!up && s->target[target].own)
		s->wide_us = now_us - last_us < s->download_us ? 2 * s->wide_us : SCHED_WIDE_LEAST_US;
	if (!s->target[target].own)
		s->wide_us = s->download_us;
	return true;
}

static void
answer_change(struct sched *s, int64_t now_us, const struct est_snapshot *belief)
{
	enum est_change_kind kind = belief->change.kind;

	if (kind == EST_CHANGE_NONE || kind == EST_CHANGE_OUTAGE ||
	    belief->change.at_us <= s->change_us)
		return;
	s->change_us = s->calm_us = belief->change.at_us;
	sched_renew(s, now_us, kind != EST_CHANGE_DROP);
}

void
sched_wonder(struct sched *s, int64_t now_us, int target)
{
	if (s->wonder_us == SCHED_NEVER)
		s->wonder_us = now_us;
	s->wonder_target = target;
}

/* Another place, the one that was asked longest ago. Strangers too: it is a stall. */
static bool
wonder(struct sched *s, int64_t now_us, struct sched_ask *out)
{
	int best = -1;

	if (s->wonder_us == SCHED_NEVER || now_us - s->urgent_us < CHECK_PACE_US)
		return false;
	s->wonder_us = SCHED_NEVER;
	for (int i = 0; i < (int)s->targets; i++) {
		if (s->target[i].kind == CONF_LATENCY && !sched_in_the_air(s, i) &&
		    !sched_one_place(s, i, s->wonder_target) &&
		    (best < 0 || s->target[i].asked_us < s->target[best].asked_us))
			best = i;
	}
	if (best < 0)
		return false;
	*out = (struct sched_ask){ .target = best, .copies = 1, .urgent = true, .fresh = true,
		.why = SCHED_PORTAL };
	sched_price(s, out);
	return sched_affordable(s, now_us, out);
}

bool
sched_next(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    struct sched_ask *out)
{
	answer_change(s, now_us, belief);
	if (urgent(s, now_us, belief, out)) {
		sched_price(s, out);
		return true;
	}
	if (wonder(s, now_us, out))
		return true;
	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++)
		if (s->flight[f].used)
			return false; /* one at a time, so that none slows another */
	if (belief->state == EST_STALLED || belief->state == EST_OFFLINE)
		memset(s->measure, 0, sizeof(s->measure)); /* this is the answer */
	if (belief->state == EST_STALLED || belief->state == EST_OFFLINE)
		return false; /* only out of turn, on new connections */
	if (sched_measure_next(s, now_us, belief, out))
		return true;
	if (small(s, now_us, out)) {
		sched_price(s, out);
		return true;
	}
	return sized(s, now_us, belief, CONF_DOWNLOAD, out) ||
	    sized(s, now_us, belief, CONF_UPLOAD, out);
}

int
sched_started(struct sched *s, int64_t now_us, const struct sched_ask *ask)
{
	struct sched_target *t = &s->target[ask->target];

	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++) {
		if (s->flight[f].used)
			continue;
		if (!sched_hold(s, now_us, ask))
			return -1;
		s->flight[f] = (struct sched_flight){ .used = true, .target = ask->target,
			.started_us = now_us, .last_us = now_us, .fresh = ask->fresh,
			.held_bytes = ask->most_bytes, .measures = ask->why == SCHED_ASKED };
		s->dither = s->dither * 1664525 + 1013904223;
		t->asked_us = now_us;
		t->asked = ask->fresh ? 0 : t->asked + 1;
		t->fresh_next = t->fresh_next && !ask->fresh;
		if (ask->urgent)
			s->urgent_us = now_us;
		if (t->kind == CONF_UPLOAD)
			s->upload_last_us = now_us;
		else if (ask->why == SCHED_SIZED || t->kind == CONF_DOWNLOAD)
			s->download_last_us = now_us;
		if (t->kind == CONF_LATENCY)
			s->latency_us = now_us;
		/* After a change each target is asked anew, one right after the other. */
		if (!ask->urgent && t->kind == CONF_LATENCY)
			s->soon_us = INT64_MAX;
		for (size_t i = 0; i < s->targets && s->soon_us == INT64_MAX; i++)
			if (s->target[i].kind == CONF_LATENCY && s->target[i].own &&
			    s->target[i].fresh_next && !sched_muted(&s->target[i], now_us))
				s->soon_us = now_us + MS(300);
		return f;
	}
	return -1;
}

/* --- for people ------------------------------------------------------------------------- */

const char *
sched_why_name(enum sched_why why)
{
	static const char *const names[] = {
		[SCHED_TURN] = "its turn has come",
		[SCHED_FIRST] = "nothing is known of this target yet",
		[SCHED_CHECK] = "another target is late: is it the link?",
		[SCHED_RECOVERY] = "nothing gets through: looking for the end of it",
		[SCHED_CHANGE] = "the link changed: a new connection sees it as it is",
		[SCHED_SIZED] = "a body sized to fill the link",
		[SCHED_PORTAL] = "one target answers as a portal would: what does another one say?",
		[SCHED_ASKED] = "somebody wants to know it now",
	};

	return names[why];
}

int64_t
sched_due_us(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    enum conf_target_kind *kind, const char **why)
{
	int64_t best_us = INT64_MAX;

	if (belief->state == EST_STALLED || belief->state == EST_OFFLINE) {
		*kind = CONF_LATENCY;
		*why = sched_why_name(SCHED_RECOVERY);
		best_us = s->urgent_us + recovery_pace_us(s, now_us);
		s->due_target = 0;
		return best_us < now_us ? now_us : best_us;
	}
	for (size_t i = 0; i < s->targets; i++) {
		const struct sched_target *t = &s->target[i];
		int64_t due_us = s->latency_us + sched_interval_us(s, now_us);

		if (t->kind == CONF_DOWNLOAD)
			due_us = s->download_last_us +
			    sized_interval_us(s, now_us, &belief->rate[EST_DOWN], false);
		else if (t->kind == CONF_UPLOAD)
			due_us = s->upload_last_us + s->upload_us;
		else if (s->soon_us < due_us)
			due_us = s->soon_us;
		if (!t->own && t->asked_us + s->stranger_us > due_us)
			due_us = t->asked_us + s->stranger_us;
		if (t->mute_until_us > due_us)
			due_us = t->mute_until_us;
		if (due_us >= best_us)
			continue;
		best_us = due_us;
		s->due_target = (int)i;
		*kind = t->kind;
		*why = sched_why_name(t->kind == CONF_LATENCY
			? (t->fresh_next ? SCHED_CHANGE : SCHED_TURN)
			: SCHED_SIZED);
	}
	if (best_us == INT64_MAX)
		return -1;
	if (best_us <= now_us && ledger_allowance(s->ledger, now_us) < sched_due_bytes(s))
		*why = "it is due, and waits for the budget";
	return best_us < now_us ? now_us : best_us;
}
