/* SPDX-License-Identifier: ISC */
/* What linkq demo shows. */
#include "daemon/cli/demo_show.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/term.h"
#include "daemon/cli/words.h"

#define LINES 9

/* The bars span these rates, each step of height the same ratio. */
#define BAR_LOW_KBPS 100.0
#define BAR_HIGH_KBPS 80000.0

void
demo_show_begin(struct demo_show *s, const struct demo_ride *ride)
{
	const char *term = getenv("TERM");

	*s = (struct demo_show){ .ride = ride };
	s->live = isatty(STDOUT_FILENO) && term != NULL && *term != '\0' &&
	    strcmp(term, "dumb") != 0;
	(void)setlocale(LC_CTYPE, "");
	s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	for (size_t i = 0; i < DEMO_MARKS; i++)
		s->can_kbps[i] = s->p50[i] = (double)NAN;
	memset(s->state, ' ', sizeof s->state);
	if (s->live)
		return;
	printf("%5s %-17s %-10s %-37s %s\n", "time", "the link", "can carry",
	    "linkqd's estimate", "says");
}

static char
state_mark(const char *state)
{
	if (strcmp(state, "online") == 0)
		return '-';
	if (strcmp(state, "stalled") == 0)
		return '~';
	return strcmp(state, "offline") == 0 ? 'x' : '.';
}

static void
remember(struct demo_show *s, double t_s, double can_kbps, const struct view *v)
{
	double at = t_s / s->ride->length_s * DEMO_MARKS;
	size_t i = at < 0 ? 0 : at >= DEMO_MARKS ? DEMO_MARKS - 1 : (size_t)at;

	s->can_kbps[i] = can_kbps;
	s->p50[i] = v->down_kbps.p50;
	s->state[i] = state_mark(v->state);
}

static void
bar(const struct demo_show *s, const char *label, const double kbps[DEMO_MARKS])
{
	static const char *const block[] = { "\u2581", "\u2582", "\u2583", "\u2584", "\u2585",
		"\u2586", "\u2587", "\u2588" };
	static const char *const letter[] = { ".", ",", ":", "-", "=", "+", "*", "#" };

	printf("\033[K %-12s ", label);
	for (size_t i = 0; i < DEMO_MARKS; i++) {
		double level = log(kbps[i] / BAR_LOW_KBPS) / log(BAR_HIGH_KBPS / BAR_LOW_KBPS) * 8;
		int n = level < 0 ? 0 : level > 7 ? 7 : (int)level;

		if (isnan(kbps[i]) || kbps[i] <= 0)
			putchar(' ');
		else
			fputs(s->utf8 ? block[n] : letter[n], stdout);
	}
	putchar('\n');
}

static struct words
estimate_words(const struct view *v)
{
	struct words w;

	if (isnan(v->down_kbps.p50)) {
		snprintf(w.s, sizeof w.s, "unknown");
		return w;
	}
	snprintf(w.s, sizeof w.s, "%.24s (%.40s)", words_kbps(v->down_kbps.p50).s,
	    words_band(v->down_kbps.p10, v->down_kbps.p90).s);
	return w;
}

/* "found after 1.3 s, over 0.4 s after its end" */
static struct words
outage_words(const struct demo_outage *o)
{
	struct words w;

	if (isnan(o->offline_s))
		snprintf(w.s, sizeof w.s, "%s", isnan(o->end_s) ? "not found yet" : "not found");
	else if (isnan(o->online_s))
		snprintf(w.s, sizeof w.s, "found after %.1f s", o->offline_s - o->begin_s);
	else
		snprintf(w.s, sizeof w.s, "found after %.1f s, said to be over %.1f s after its end",
		    o->offline_s - o->begin_s, o->online_s - o->end_s);
	return w;
}

/* The last pick, and how the player is. */
static struct words
player_words(const struct demo_tally *t)
{
	struct words w;
	size_t n = t->picks;

	if (n == 0) {
		snprintf(w.s, sizeof w.s, "starts");
		return w;
	}
	snprintf(w.s, sizeof w.s, "%.20s (%.15s), %.1f s of video buffered",
	    words_kbps(demo_ladder_kbps[t->pick[n - 1].rung]).s, t->pick[n - 1].reason,
	    (double)t->buffer_ms / 1e3);
	return w;
}

static void
draw(struct demo_show *s, double t_s, double can_kbps, double rtt_ms, const struct view *v,
    const struct demo_record *r, const struct demo_tally *t)
{
	const char *tone = term_tone(stdout, term_tone_of(v->state, v->quality));
	const struct demo_leg *leg = demo_ride_at(s->ride, t_s);

	if (s->drawn)
		printf("\033[%dA", LINES);
	s->drawn = true;
	printf("\033[K %-12s %.0f of %.0f s: %s\n", "ride", t_s, s->ride->length_s, leg->name);
	printf("\033[K %-12s %s, %s\n", "the link",
	    can_kbps > 0 ? words_kbps(can_kbps).s : "carries nothing", words_ms(rtt_ms).s);
	printf("\033[K %-12s %s, %s\n", "linkqd says", estimate_words(v).s,
	    words_ms(v->rtt_ms_p50).s);
	printf("\033[K %-12s %s%s%s\n", "state", tone, view_headline(v).s,
	    term_tone(stdout, TERM_PLAIN));
	bar(s, "the link", s->can_kbps);
	bar(s, "estimate", s->p50);
	printf("\033[K %-12s %.*s\n", "state", DEMO_MARKS, s->state);
	printf("\033[K %-12s %s\n", "video", player_words(t).s);
	printf("\033[K %-12s %s\n", "outage",
	    r->outages > 0 ? outage_words(&r->outage[0]).s : "none so far");
	fflush(stdout);
}

void
demo_show_look(struct demo_show *s, double t_s, double can_kbps, double rtt_ms,
    const struct view *v, const struct demo_record *r, const struct demo_tally *t)
{
	if (s->live) {
		remember(s, t_s, can_kbps, v);
		draw(s, t_s, can_kbps, rtt_ms, v, r, t);
		return;
	}
	if (t_s < s->next_s)
		return;
	while (s->next_s <= t_s)
		s->next_s += s->ride->line_s;
	printf("%3.0f s %-17s %-10s %-37s %s\n", t_s, demo_ride_at(s->ride, t_s)->name,
	    can_kbps > 0 ? words_kbps(can_kbps).s : "nothing", estimate_words(v).s, v->state);
	fflush(stdout);
}

void
demo_show_end(struct demo_show *s)
{
	(void)s;
	putchar('\n');
}

void
demo_show_outages(const struct demo_record *r)
{
	printf("Outages of the link\n");
	for (size_t i = 0; i < r->outages; i++) {
		const struct demo_outage *o = &r->outage[i];

		printf("  %4.1f to %4.1f s  %s\n", o->begin_s, o->end_s,
		    o->end_s - o->begin_s < 1 && isnan(o->offline_s) ?
		    "a break of a handover: passed over" : outage_words(o).s);
	}
	if (r->false_offline_s > 0)
		printf("  offline was also said for %.1f s while the link carried\n", r->false_offline_s);
	else
		printf("  offline was never said while the link carried\n");
}

void
demo_show_steady(const struct demo_record *r, const struct demo_ride *ride)
{
	printf("\n%-34s %-12s %-12s %-12s %s\n", "Steady stretches", "can carry", "carried",
	    "linkqd said", "error");
	for (size_t i = 0; i < ride->legs; i++) {
		const struct demo_leg *leg = &ride->leg[i];
		struct demo_steady s = demo_record_steady(r, ride, leg);

		if (leg->down_kbps <= 0 || leg->to_s - leg->from_s <= ride->settle_s)
			continue;
		printf("  %4.1f to %4.1f s  %-17s %-12s %-12s %-12s ",
		    leg->from_s + ride->settle_s, leg->to_s, leg->name,
		    words_kbps(s.can_kbps).s, words_kbps(s.peak_kbps).s,
		    words_kbps(s.p50_kbps).s);
		if (isnan(s.error_ratio))
			printf("unknown\n");
		else
			printf("%+.0f %%\n", s.error_ratio * 100);
	}
	printf("  (carried: the best half second that the applications' TCP made of it)\n");
}

void
demo_show_picks(const struct demo_tally *t, const struct demo_ride *ride, int64_t script_us)
{
	printf("\nWhat the hint chose for a video of %d s segments, buffer %d s\n",
	    DEMO_SEGMENT_S, DEMO_BUFFER_MAX_S);
	for (size_t i = 0; i < ride->legs; i++) {
		const struct demo_leg *leg = &ride->leg[i];
		int low = DEMO_RUNGS, high = -1, count = 0;

		for (size_t k = 0; k < t->picks; k++) {
			double at_s = (double)(t->pick[k].at_us - script_us) / 1e6;

			if (at_s < leg->from_s || at_s >= leg->to_s)
				continue;
			count++;
			if (t->pick[k].rung < low)
				low = t->pick[k].rung;
			if (t->pick[k].rung > high)
				high = t->pick[k].rung;
		}
		if (count == 0)
			continue;
		printf("  %4.1f to %4.1f s  %-17s %2d segment%s %s\n", leg->from_s, leg->to_s,
		    leg->name, count, count == 1 ? "  at" : "s at",
		    low == high ? words_kbps(demo_ladder_kbps[low]).s :
		    words_band(demo_ladder_kbps[low], demo_ladder_kbps[high]).s);
	}
	printf("  playback stood still for %.1f s\n", (double)t->stood_ms / 1e3);
}
