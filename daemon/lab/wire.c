/* SPDX-License-Identifier: ISC */
/* Both ways of a link, driven by a script. */
#include "daemon/lab/wire.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void
publish_way(struct truth_way *to, const struct hop *h)
{
	to->kbps = h->set.kbps;
	to->capacity_bytes = h->count.capacity_bytes;
	to->passed_bytes = h->count.passed_bytes;
	to->wait_us = hop_wait_ns(h) / 1000;
	to->waiting_bytes = h->waiting_bytes;
	to->dropped = h->count.dropped;
	to->lost = h->count.lost;
}

static void
publish(struct wire *w)
{
	publish_way(&w->truth->down, &w->down);
	publish_way(&w->truth->up, &w->up);
}

static void
log_header(FILE *log)
{
	fputs("t_s,mono_s,down_kbps,up_kbps,rtt_ms,down_capacity_kbps,up_capacity_kbps,"
	    "down_delivered_kbps,up_delivered_kbps,queue_ms,up_queue_ms,queue_bytes,"
	    "up_queue_bytes,drops,up_drops,losses,up_losses,late_ms\n", log);
	fflush(log);
}

static long long
period_kbps(int64_t bytes)
{
	return bytes * 8 * 1000 * 1000 / WIRE_PERIOD_NS;
}

static void
log_period(const struct wire *w)
{
	const struct hop_count *d = &w->down.count, *d0 = &w->down_before;
	const struct hop_count *u = &w->up.count, *u0 = &w->up_before;

	fprintf(w->log, "%.1f,%.3f,%lld,%lld,%.1f,%lld,%lld,%lld,%lld,%.1f,%.1f,%lld,%lld,"
	    "%lld,%lld,%lld,%lld,%.2f\n",
	    (double)(w->period_ns - w->script_ns) / 1e9, (double)w->period_ns / 1e9,
	    (long long)w->down.set.kbps, (long long)w->up.set.kbps,
	    (double)(w->down.set.delay_ns + w->up.set.delay_ns) / 1e6,
	    period_kbps(d->capacity_bytes - d0->capacity_bytes),
	    period_kbps(u->capacity_bytes - u0->capacity_bytes),
	    period_kbps(d->passed_bytes - d0->passed_bytes),
	    period_kbps(u->passed_bytes - u0->passed_bytes),
	    (double)hop_wait_ns(&w->down) / 1e6, (double)hop_wait_ns(&w->up) / 1e6,
	    (long long)w->down.waiting_bytes, (long long)w->up.waiting_bytes,
	    (long long)(d->dropped - d0->dropped), (long long)(u->dropped - u0->dropped),
	    (long long)(d->lost - d0->lost), (long long)(u->lost - u0->lost),
	    (double)w->late_ns_max / 1e6);
	fflush(w->log);
}

static void
end_period(struct wire *w)
{
	hop_run(&w->down, w->period_ns);
	hop_run(&w->up, w->period_ns);
	publish(w);
	if (w->late_ns_max / 1000 > w->truth->late_us_max)
		w->truth->late_us_max = w->late_ns_max / 1000;
	if (w->log != NULL)
		log_period(w);
	w->down_before = w->down.count;
	w->up_before = w->up.count;
	w->late_ns_max = 0;
	w->period_ns += WIRE_PERIOD_NS;
}

static void
note_outage(struct truth *t, bool dead, int64_t at_us)
{
	int64_t n = t->outages;
	bool open = n > 0 && t->outage[n - 1].end_us == 0;

	if (dead && !open && n < TRUTH_OUTAGES_MAX) {
		t->outage[n].end_us = 0;
		t->outage[n].begin_us = at_us;
		t->outages = n + 1;
	} else if (!dead && open) {
		t->outage[n - 1].end_us = at_us;
	}
}

static int64_t
row_ns(const struct wire *w, size_t i)
{
	return w->script_ns + w->script.row[i][SCRIPT_T] * 1000;
}

static void
apply_row(struct wire *w)
{
	int64_t at_ns = row_ns(w, w->next_row);
	const int64_t *row = w->script.row[w->next_row++];
	struct hop_params p = {
		.kbps = row[SCRIPT_DOWN],
		.delay_ns = row[SCRIPT_RTT] * 500,
		.jitter_ns = row[SCRIPT_JITTER] * 1000,
		.loss_ppm = row[SCRIPT_LOSS],
		.queue_ns = row[SCRIPT_QUEUE] * 1000,
	};

	hop_set(&w->down, at_ns, &p);
	p.kbps = row[SCRIPT_UP];
	hop_set(&w->up, at_ns, &p);
	w->truth->rtt_us = row[SCRIPT_RTT];
	note_outage(w->truth, row[SCRIPT_DOWN] == 0 || row[SCRIPT_UP] == 0, at_ns / 1000);
	publish(w);
}

int
wire_init(struct wire *w, const struct script *script, uint64_t seed, struct truth *truth,
    FILE *log, int64_t now_ns)
{
	int err;

	memset(w, 0, sizeof *w);
	err = hop_init(&w->down, seed, now_ns);
	if (err == 0)
		err = hop_init(&w->up, ~seed, now_ns);
	if (err != 0) {
		hop_finish(&w->down);
		return err;
	}
	w->truth = truth;
	w->log = log;
	w->period_ns = now_ns + WIRE_PERIOD_NS;
	if (log != NULL)
		log_header(log);
	wire_tell(w, script, now_ns);
	return 0;
}

void
wire_finish(struct wire *w)
{
	hop_finish(&w->down);
	hop_finish(&w->up);
}

void
wire_run(struct wire *w, int64_t now_ns)
{
	for (;;) {
		bool row = w->next_row < w->script.len && row_ns(w, w->next_row) <= now_ns;
		bool period = w->period_ns <= now_ns;

		if (row && (!period || row_ns(w, w->next_row) <= w->period_ns))
			apply_row(w);
		else if (period)
			end_period(w);
		else
			break;
	}
	hop_run(&w->down, now_ns);
	hop_run(&w->up, now_ns);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
wire_next_ns(const struct wire *w)
{
	int64_t next = least(hop_next_ns(&w->down), hop_next_ns(&w->up));

	next = least(next, w->period_ns);
	if (w->next_row < w->script.len)
		next = least(next, row_ns(w, w->next_row));
	return next;
}

void
wire_delivered(struct wire *w, const struct hop_packet *p, int64_t now_ns)
{
	if (now_ns - p->due_ns > w->late_ns_max)
		w->late_ns_max = now_ns - p->due_ns;
}

void
wire_tell(struct wire *w, const struct script *script, int64_t now_ns)
{
	assert(script->len > 0);
	w->script = *script;
	w->next_row = 0;
	w->script_ns = now_ns;
	w->truth->script_us = now_ns / 1000;
	wire_run(w, now_ns);
}

void
wire_listen(struct wire *w, int fd, int64_t now_ns)
{
	char text[SCRIPT_TEXT_MAX], answer[160] = "ok";
	struct sockaddr_un from;
	socklen_t from_len = sizeof from;
	struct script s;
	ssize_t n = recvfrom(fd, text, sizeof text - 1, MSG_DONTWAIT,
	    (struct sockaddr *)&from, &from_len);

	if (n < 0)
		return;
	text[n] = '\0';
	if (script_parse(text, &s, answer, sizeof answer) == 0)
		wire_tell(w, &s, now_ns);
	if (from_len > sizeof(sa_family_t))
		(void)sendto(fd, answer, strlen(answer), MSG_DONTWAIT,
		    (struct sockaddr *)&from, from_len);
}
