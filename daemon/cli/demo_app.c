/* SPDX-License-Identifier: ISC */
/* The applications of the demo: a player and a browser, with real sockets. */
#include "config.h"

#include "daemon/cli/demo_app.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"

#define SLICE_US INT64_C(500000)
/* An application gives up when so long no byte has come. */
#define PATIENCE_US INT64_C(4000000)
#define PAGE_PAUSE_US INT64_C(1000000)
/* The longest that a full buffer makes the player wait before it asks again. */
#define WAIT_MAX_US INT64_C(1000000)

const int demo_ladder_kbps[DEMO_RUNGS] = { 300, 700, 1500, 3000, 6000, 12000 };

struct app {
	const char *name;
	struct client *net; /* to the origin, over the link */
	struct client *api; /* to the daemon */
	struct demo_tally *tally;
	unsigned count; /* of requests */
};

struct fetch {
	struct app *app;
	char id[48];
	int64_t begun_us, first_us, last_us; /* first_us 0: no byte yet */
	int64_t bytes, total_bytes;
};

/* What the application makes of a request that is under way: true gives it up. */
typedef bool fetch_judge_fn(void *arg, const struct fetch *f);

static int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void
sleep_us(int64_t us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	if (us > 0)
		nanosleep(&t, NULL);
}

static int
on_chunk(void *arg, const char *data, size_t len)
{
	struct fetch *f = arg;

	(void)data;
	f->last_us = clock_us();
	if (f->first_us == 0)
		f->first_us = f->last_us;
	f->bytes += (int64_t)len;
	return 0;
}

/* Tell the daemon how it stands at `at_us`. error NULL: well so far, or well done. */
static void
report(const struct fetch *f, int64_t at_us, bool in_progress, const char *error)
{
	struct app *a = f->app;
	json_t *answer = NULL;
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:f, s:f, s:b, s:b}", "id", f->id, "app",
	    a->name, "direction", "down", "bytes", (json_int_t)f->bytes, "duration_ms",
	    (double)(at_us - f->begun_us) / 1e3, "ended_ms_ago",
	    (double)(clock_us() - at_us) / 1e3, "in_progress", in_progress, "ok",
	    error == NULL);

	if (f->first_us != 0)
		(void)json_object_set_new(o, "ttfb_ms",
		    json_real((double)(f->first_us - f->begun_us) / 1e3));
	if (error != NULL)
		(void)json_object_set_new(o, "error", json_string(error));
	a->tally->reports++;
	if (client_post_json(a->api, "/v1/observations", o, &answer) != 0 ||
	    json_array_size(json_object_get(answer, "rejected")) > 0)
		a->tally->reports_refused++;
	json_decref(answer);
	json_decref(o);
}

static int
fetch(struct app *a, int64_t bytes, fetch_judge_fn *judge, void *arg)
{
	struct fetch f = { .app = a, .begun_us = clock_us(), .total_bytes = bytes };
	int64_t slice_us = f.begun_us + SLICE_US, now_us;
	char path[48];
	int r;

	snprintf(f.id, sizeof f.id, "%s-%u", a->name, ++a->count);
	snprintf(path, sizeof path, "/bytes/%lld", (long long)bytes);
	f.last_us = f.begun_us;
	r = client_start(a->net, path, NULL, on_chunk, &f);
	r = r == 0 ? 1 : r;
	while (r == 1) {
		now_us = clock_us();
		r = client_wait(a->net, now_us < slice_us ? (int)((slice_us - now_us) / 1000) + 1 : 0,
		    -1);
		now_us = clock_us();
		if (r == 1 && now_us - f.last_us > PATIENCE_US)
			r = -ETIMEDOUT;
		if (r != 1 || now_us < slice_us)
			continue;
		slice_us = now_us + SLICE_US;
		report(&f, now_us, true, NULL);
		if (judge != NULL && judge(arg, &f))
			r = -ECANCELED;
	}
	client_stop(a->net);
	a->tally->requests++;
	a->tally->failures += r != 0;
	a->tally->bytes += f.bytes;
	report(&f, r == 0 ? f.last_us : clock_us(), false,
	    r == 0 ? NULL : r == -ECANCELED ? "aborted" : "timeout");
	return r;
}

/* --- the browser ---------------------------------------------------------------- */

static void
browse(struct app *a)
{
	/* a document and what it shows; typical sizes of the web's small objects */
	static const int64_t page[] = { 28000, 9000, 22000, 60000 };

	for (;;) {
		for (size_t i = 0; i < sizeof page / sizeof *page; i++)
			if (fetch(a, page[i], NULL, NULL) != 0)
				break;
		sleep_us(PAGE_PAUSE_US);
	}
}

/* --- the player ----------------------------------------------------------------- */

struct player {
	struct app *app;
	int rung;
	bool playing;
	int64_t buffer_us;  /* of video, at at_us */
	int64_t at_us;
};

struct hint {
	int rung;
	int64_t wait_us;
	bool abandon;
	char reason[16];
};

/* Video plays, or stands still where there is none. */
static void
play(struct player *p)
{
	int64_t now_us = clock_us(), passed_us = now_us - p->at_us;

	p->at_us = now_us;
	if (!p->playing)
		return;
	if (passed_us > p->buffer_us) {
		p->app->tally->stood_ms += (passed_us - p->buffer_us) / 1000;
		passed_us = p->buffer_us;
	}
	p->buffer_us -= passed_us;
	p->app->tally->buffer_ms = p->buffer_us / 1000;
}

static json_t *
question(const struct player *p, const struct fetch *f)
{
	json_t *q = json_pack("{s:[i,i,i,i,i,i], s:f, s:i, s:i, s:s}", "ladder_kbps",
	    demo_ladder_kbps[0], demo_ladder_kbps[1], demo_ladder_kbps[2],
	    demo_ladder_kbps[3], demo_ladder_kbps[4], demo_ladder_kbps[5], "buffer_s",
	    (double)p->buffer_us / 1e6, "segment_s", DEMO_SEGMENT_S, "max_buffer_s",
	    DEMO_BUFFER_MAX_S, "session", "demo");

	if (p->rung >= 0)
		(void)json_object_set_new(q, "current", json_integer(p->rung));
	if (f != NULL) {
		json_t *in = json_pack("{s:i, s:I, s:I, s:f}", "rendition", p->rung, "bytes",
		    (json_int_t)f->bytes, "total_bytes", (json_int_t)f->total_bytes,
		    "elapsed_s", (double)(clock_us() - f->begun_us) / 1e6);

		if (f->first_us != 0)
			(void)json_object_set_new(in, "ttfb_s",
			    json_real((double)(f->first_us - f->begun_us) / 1e6));
		/* without an id: it is reported already */
		(void)json_object_set_new(q, "inflight", in);
	}
	return q;
}

/* The lowest rendition where the daemon has no answer: what a careful player does. */
static struct hint
ask(struct player *p, const struct fetch *f)
{
	struct hint h = { .rung = 0, .reason = "no answer" };
	json_t *q = question(p, f), *answer = NULL;
	const char *reason;

	if (client_post_json(p->app->api, "/v1/hint", q, &answer) != 0) {
		p->app->tally->hints_refused++;
		json_decref(q);
		return h;
	}
	reason = json_string_value(json_object_get(answer, "reason"));
	h.rung = (int)json_integer_value(json_object_get(answer, "index"));
	if (h.rung < 0 || h.rung >= DEMO_RUNGS)
		h.rung = 0;
	h.wait_us = (int64_t)(json_number_value(json_object_get(answer, "wait_s")) * 1e6);
	h.abandon = json_is_true(json_object_get(json_object_get(answer, "abandon"), "do"));
	snprintf(h.reason, sizeof h.reason, "%.15s", reason != NULL ? reason : "");
	json_decref(answer);
	json_decref(q);
	return h;
}

static bool
abandon(void *arg, const struct fetch *f)
{
	struct player *p = arg;

	play(p);
	return p->rung > 0 && ask(p, f).abandon;
}

static void
note(struct demo_tally *t, const struct hint *h)
{
	size_t n = t->picks;

	if (n == DEMO_PICKS_MAX)
		return;
	t->pick[n].at_us = clock_us();
	t->pick[n].rung = h->rung;
	snprintf(t->pick[n].reason, sizeof t->pick[n].reason, "%s", h->reason);
	t->picks = n + 1;
}

static void
watch_video(struct app *a)
{
	struct player p = { .app = a, .rung = -1, .at_us = clock_us() };

	for (;;) {
		int64_t room_us = (DEMO_BUFFER_MAX_S - DEMO_SEGMENT_S) * INT64_C(1000000);
		struct hint h;

		play(&p);
		if (p.buffer_us > room_us) {
			sleep_us(p.buffer_us - room_us);
			continue;
		}
		h = ask(&p, NULL);
		if (h.wait_us > 0 && p.playing) {
			sleep_us(h.wait_us < WAIT_MAX_US ? h.wait_us : WAIT_MAX_US);
			continue;
		}
		p.rung = h.rung;
		note(a->tally, &h);
		if (fetch(a, demo_ladder_kbps[h.rung] * INT64_C(1000) / 8 * DEMO_SEGMENT_S, abandon,
		    &p) != 0)
			continue;
		play(&p);
		p.buffer_us += DEMO_SEGMENT_S * INT64_C(1000000);
		p.playing = true;
	}
}

/* --- processes ------------------------------------------------------------------ */

static pid_t
start(const char *name, void (*run)(struct app *a), struct demo_tally *tally,
    const char *socket, const struct lab *lab)
{
	static char word[] = "linkq demo";
	static char *argv[] = { word, NULL };
	struct app a = { .name = name, .tally = tally };
	pid_t parent = getpid(), pid = fork();
	int status, fd;

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	/* complaints of the client are counted, not shown */
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
	}
	cli_common.connect = lab->url[0];
	a.net = client_open(argv, &status);
	cli_common.connect = socket;
	a.api = client_open(argv, &status);
	if (a.net != NULL && a.api != NULL)
		run(&a);
	_exit(1);
}

int
demo_apps_start(struct demo_apps *a, const char *socket, const struct lab *lab)
{
	a->player = a->browser = -1;
	a->tally = mmap(NULL, sizeof *a->tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	if (a->tally == MAP_FAILED)
		return -errno;
	a->player = start("demo-video", watch_video, a->tally, socket, lab);
	a->browser = start("demo-web", browse, a->tally, socket, lab);
	if (a->player < 0 || a->browser < 0) {
		demo_apps_stop(a);
		return -EAGAIN;
	}
	return 0;
}

static void
end(pid_t *pid)
{
	if (*pid > 0) {
		(void)kill(*pid, SIGKILL);
		(void)waitpid(*pid, NULL, 0);
	}
	*pid = -1;
}

void
demo_apps_stop(struct demo_apps *a)
{
	end(&a->player);
	end(&a->browser);
}
