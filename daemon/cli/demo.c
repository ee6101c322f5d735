/* SPDX-License-Identifier: ISC */
/* linkq demo: a whole journey on this machine, no root and no Internet needed. */
#include "config.h"

#include "daemon/cli/demo.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/demo_app.h"
#include "daemon/cli/demo_daemon.h"
#include "daemon/cli/demo_ride.h"
#include "daemon/cli/demo_show.h"
#include "daemon/lab/lab.h"
#include "daemon/lab/netns.h"

/* The API renews its answer each 250 ms; a look so often misses none. */
#define LOOK_US INT64_C(100000)
#define READY_US INT64_C(15000000)

const char demo_help[] =
    "  --fast        a ride of 20 s in place of 90 s\n"
    "  --loopback    do without namespaces: a relay on loopback shapes the link\n"
    "  -o FILE       export the ride's history as CSV\n"
    "  --keep        keep the scratch folder (history, daemon's log, truth) and say where\n\n"
    "  Runs the linkqd beside this linkq ($LINKQD overrides) on an emulated link, with\n"
    "  a video player and a browser that do real downloads, through a tunnel, a lift and\n"
    "  handovers. Exit status 0: outages were found, and estimates known.\n\n"
    "  linkq demo --fast -o ride.csv\n";

struct demo {
	char **argv;
	const struct demo_ride *ride;
	const char *out;
	bool loopback, keep;
	char linkqd[DEMO_PATH_MAX];
	struct lab lab;
	struct demo_daemon daemon;
	struct demo_apps apps;
	struct client *client;
	struct demo_record record;
	struct demo_show show;
	int64_t script_us;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int sig)
{
	interrupted = sig;
}

static int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void
pause_us(int64_t us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	if (us > 0)
		nanosleep(&t, NULL);
}

/* The link before the ride: good, so that the daemon can start in peace. */
static int
start_lab(struct demo *d)
{
	static struct script script;
	char first[64], why[160], log[DEMO_PATH_MAX + 16];
	struct lab_options o = { .mode = d->loopback ? LAB_LOOPBACK : LAB_KERNEL,
		.script = &script, .seed = 1, .log = log };
	const struct demo_leg *leg = &d->ride->leg[0];
	int err;

	snprintf(log, sizeof log, "%s/truth.csv", d->daemon.folder);
	snprintf(first, sizeof first, "0,%.0f,%.0f,%.0f", leg->down_kbps, leg->up_kbps,
	    leg->rtt_ms);
	err = script_parse(first, &script, why, sizeof why);
	if (err == 0)
		err = lab_start(&o, &d->lab, why, sizeof why);
	if (err != 0)
		return cli_fail(d->argv, "%s.", why);
	return CLI_OK;
}

/* What the daemon says now. 0 or a negative errno. */
static int
look(struct demo *d, struct view *v)
{
	json_t *doc = NULL;
	int err = client_get_json(d->client, "/v1/link", &doc);

	if (err == 0)
		err = view_read(doc, v);
	json_decref(doc);
	return err;
}

static int
start_daemon(struct demo *d)
{
	int64_t give_up_us = clock_us() + READY_US;
	char words[512];
	struct view v;
	int status;

	if (demo_daemon_start(&d->daemon, d->linkqd, &d->lab) != 0)
		return cli_fail(d->argv, "linkqd does not start: %s.", strerror(errno));
	cli_common.connect = d->daemon.socket;
	d->client = client_open(d->argv, &status);
	if (d->client == NULL)
		return status;
	while (look(d, &v) != 0) {
		if (!demo_daemon_alive(&d->daemon) || clock_us() > give_up_us) {
			demo_daemon_last_words(&d->daemon, words, sizeof words);
			return cli_fail(d->argv, "linkqd does not answer; its last words: %s", words);
		}
		if (interrupted)
			return CLI_FAILED;
		pause_us(LOOK_US / 2);
	}
	return CLI_OK;
}

/* What the emulator counted of outages, in the time of the ride. */
static void
take_outages(struct demo *d)
{
	const struct truth *t = d->lab.truth;
	int64_t n = t->outages;

	for (int64_t i = 0; i < n; i++) {
		int64_t end_us = t->outage[i].end_us;

		demo_record_outage(&d->record, (size_t)i,
		    (double)(t->outage[i].begin_us - d->script_us) / 1e6,
		    end_us == 0 ? (double)NAN : (double)(end_us - d->script_us) / 1e6);
	}
}

static int
ride(struct demo *d)
{
	const struct truth *truth = d->lab.truth;
	int64_t before_us = truth->script_us, next_us;
	char script[1024], words[512];
	struct view v;
	double t_s = 0, can_kbps;

	if (demo_ride_script(d->ride, script, sizeof script) != 0 ||
	    lab_tell(&d->lab, script) != 0)
		return cli_fail(d->argv, "the link lab does not listen.");
	while ((d->script_us = truth->script_us) == before_us)
		pause_us(1000);
	demo_show_begin(&d->show, d->ride);
	for (next_us = d->script_us; t_s < d->ride->length_s && !interrupted; next_us += LOOK_US) {
		pause_us(next_us - clock_us());
		if (look(d, &v) != 0) {
			demo_show_end(&d->show);
			demo_daemon_last_words(&d->daemon, words, sizeof words);
			return cli_fail(d->argv, "linkqd no longer answers; its last words: %s", words);
		}
		t_s = (double)(clock_us() - d->script_us) / 1e6;
		can_kbps = (double)truth->down.kbps * DEMO_PAYLOAD;
		take_outages(d);
		demo_record_sample(&d->record, t_s, can_kbps,
		    (double)truth->down.passed_bytes * 8e-3 * DEMO_PAYLOAD, &v);
		demo_show_look(&d->show, t_s, can_kbps, (double)truth->rtt_us / 1e3, &v,
		    &d->record, d->apps.tally);
	}
	demo_show_end(&d->show);
	return interrupted ? cli_fail(d->argv, "interrupted.") : CLI_OK;
}

/* The same command that a person would type. */
static int
export(const struct demo *d)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/proc/self/exe", "linkq", "--connect", d->daemon.socket, "export", "--step",
		    "1s", "-o", d->out, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		return cli_fail(d->argv, "the export to %s did not work.", d->out);
	return CLI_OK;
}

static int
sum_up(struct demo *d)
{
	const struct demo_tally *t = d->apps.tally;
	const char *fault = demo_record_fault(&d->record, d->ride);
	int status = CLI_OK;

	demo_show_outages(&d->record);
	demo_show_steady(&d->record, d->ride);
	demo_show_picks(t, d->ride, d->script_us);
	printf("\n%lld requests (%lld gave up, as applications do), %.1f MB. The emulator was\n"
	    "late by %.1f ms at the most.\n", (long long)t->requests, (long long)t->failures,
	    (double)t->bytes / 1e6, (double)d->lab.truth->late_us_max / 1e3);
	if (t->reports_refused > 0 || t->hints_refused > 0)
		printf("Not well received: %lld of %lld reports, %lld questions for a hint.\n",
		    (long long)t->reports_refused, (long long)t->reports,
		    (long long)t->hints_refused);
	if (d->out != NULL)
		status = export(d);
	if (d->out != NULL && status == CLI_OK)
		printf("The history of the ride, by: linkq export --step 1s -o %s\n", d->out);
	else if (d->out == NULL)
		printf("As CSV: linkq demo -o ride.csv; from your own daemon: linkq export -o ride.csv\n");
	if (fault != NULL)
		return cli_fail(d->argv, "%s", fault);
	return status;
}

static int
stages(struct demo *d)
{
	int status = start_lab(d);

	if (status != CLI_OK)
		return status;
	status = start_daemon(d);
	if (status != CLI_OK)
		return status;
	if (demo_apps_start(&d->apps, d->daemon.socket, &d->lab) != 0)
		return cli_fail(d->argv, "no process for the applications.");
	status = ride(d);
	return status == CLI_OK ? sum_up(d) : status;
}

static int
run(struct demo *d)
{
	struct sigaction act = { .sa_handler = on_signal };
	int status;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	if (demo_daemon_prepare(&d->daemon) != 0)
		return cli_fail(d->argv, "no scratch folder in %s: %s.", d->daemon.folder,
		    strerror(errno));
	status = stages(d);
	demo_apps_stop(&d->apps);
	client_close(d->client);
	demo_daemon_stop(&d->daemon);
	lab_stop(&d->lab);
	if (d->keep)
		printf("Kept: %s (history.db, linkqd.log, truth.csv)\n", d->daemon.folder);
	else
		demo_daemon_remove(&d->daemon);
	return cli_end(d->argv, status);
}

/* Which way it is done, and why. */
static int
choose(struct demo *d)
{
	char why[160];
	pid_t pid;

	if (d->loopback) {
		printf("The link: a relay on loopback, as asked for.\n");
	} else {
		fflush(stdout);
		pid = netns_enter(why, sizeof why);
		if (pid > 0)
			return netns_wait(pid);
		if (pid == 0) {
			printf("The link: two network namespaces of this machine, joined by an "
			    "emulator;\nthe kernel's own TCP on both sides.\n");
			return run(d);
		}
		d->loopback = true;
		printf("The link: a relay on loopback, because there is\n%s.\n", why);
	}
	printf("Connecting takes no time there, and what the kernel says of it does not count.\n");
	return run(d);
}

int
cmd_demo(int argc, char **argv)
{
	enum { OPT_FAST = 1, OPT_LOOPBACK, OPT_KEEP };
	static const struct option options[] = {
		{ "fast", no_argument, NULL, OPT_FAST },
		{ "loopback", no_argument, NULL, OPT_LOOPBACK },
		{ "keep", no_argument, NULL, OPT_KEEP },
		CLI_LONG_OPTIONS,
	};
	static struct demo d = { .ride = &demo_ride_full, .lab = { .tell_fd = -1 } };
	int opt, status;

	d.argv = argv;
	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		switch (opt) {
		case OPT_FAST:
			d.ride = &demo_ride_fast;
			break;
		case OPT_LOOPBACK:
			d.loopback = true;
			break;
		case OPT_KEEP:
			d.keep = true;
			break;
		case 'o':
			d.out = optarg;
			break;
		default:
			if (!cli_common_option(opt, argv, &status))
				return status;
		}
	}
	if (optind != argc)
		return cli_usage(argv, "demo takes no arguments.");
	if (demo_daemon_find(d.linkqd, sizeof d.linkqd) != 0)
		return cli_fail(argv, "there is no linkqd to run at %s; $LINKQD may name one.",
		    d.linkqd);
	printf("linkq demo: a ride of %.0f s; everything shown is measured on real sockets.\n",
	    d.ride->length_s);
	return choose(&d);
}
