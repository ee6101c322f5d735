/* SPDX-License-Identifier: ISC */
/* Runs a command inside the link lab. For tests and for trying things by hand. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/lab/lab.h"
#include "daemon/lab/netns.h"

#define EXIT_LAB 125     /* the lab failed */
#define EXIT_NOTFOUND 127
#define EXIT_SKIP 77     /* it cannot run here */

static const char usage[] =
    "usage: linklab [options] [--] COMMAND [ARGUMENT...]\n"
    "  --script ROWS    t_s,down_kbps,up_kbps,rtt_ms[,loss_pct[,jitter_ms[,queue_ms]]];...\n"
    "  --script-file F  the same from a file, a row a line\n"
    "  --log FILE       ground truth as CSV, a line each 100 ms\n"
    "  --control PATH   a datagram socket that takes scripts while COMMAND runs\n"
    "  --seed N         of loss and jitter\n"
    "  --files FOLDER   what the origin serves below /files/\n"
    "  --loopback       a relay on loopback in place of namespaces\n"
    "  --check          say whether namespaces work here: exit status 0 or 77\n"
    "COMMAND finds LINKLAB_URL, LINKLAB_URLS, LINKLAB_INTERFACE, LINKLAB_MODE, LINKLAB_LOG and\n"
    "LINKLAB_CONTROL in its environment. The exit status is its own; 125 where the lab fails.\n";

static volatile sig_atomic_t command_pid;

static void
pass_on(int sig)
{
	if (command_pid > 0)
		(void)kill((pid_t)command_pid, sig);
}

static int
run(char **command)
{
	struct sigaction act = { .sa_handler = pass_on };
	int status;
	pid_t pid, got;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(command[0], command);
		fprintf(stderr, "linklab: %s: %s\n", command[0], strerror(errno));
		_exit(EXIT_NOTFOUND);
	}
	command_pid = pid;
	/* As the first process of a pid namespace we are also who buries orphans. */
	do
		got = waitpid(-1, &status, 0);
	while (got != pid && (got >= 0 || errno == EINTR));
	if (got != pid)
		return EXIT_LAB;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
tell_environment(const struct lab *lab, const struct lab_options *o)
{
	char urls[LAB_URLS * sizeof lab->url[0] + LAB_URLS] = "";

	for (int i = 0; i < LAB_URLS && lab->url[i][0] != '\0'; i++) {
		strcat(urls, i > 0 ? " " : "");
		strcat(urls, lab->url[i]);
	}
	setenv("LINKLAB_URL", lab->url[0], 1);
	setenv("LINKLAB_URLS", urls, 1);
	setenv("LINKLAB_INTERFACE", lab->interface, 1);
	setenv("LINKLAB_MODE", lab->mode == LAB_KERNEL ? "kernel" : "loopback", 1);
	if (o->log != NULL)
		setenv("LINKLAB_LOG", o->log, 1);
	if (o->control != NULL)
		setenv("LINKLAB_CONTROL", o->control, 1);
}

static int
inside(const struct lab_options *o, char **command)
{
	char why[160];
	struct lab lab;
	int status;

	if (lab_start(o, &lab, why, sizeof why) != 0) {
		fprintf(stderr, "linklab: %s\n", why);
		return EXIT_LAB;
	}
	tell_environment(&lab, o);
	status = run(command);
	lab_stop(&lab);
	if (o->control != NULL)
		(void)unlink(o->control);
	return status;
}

int
main(int argc, char **argv)
{
	enum { SCRIPT = 1, SCRIPT_FILE, LOG, CONTROL, SEED, FILES, LOOPBACK, CHECK };
	static const struct option options[] = {
		{ "script", required_argument, NULL, SCRIPT },
		{ "script-file", required_argument, NULL, SCRIPT_FILE },
		{ "log", required_argument, NULL, LOG },
		{ "control", required_argument, NULL, CONTROL },
		{ "seed", required_argument, NULL, SEED },
		{ "files", required_argument, NULL, FILES },
		{ "loopback", no_argument, NULL, LOOPBACK },
		{ "check", no_argument, NULL, CHECK },
		{ 0 },
	};
	static struct script script;
	struct lab_options o = { .script = &script, .seed = 1 };
	char why[160] = "";
	int opt, err = script_parse("0,10000,4000,40", &script, why, sizeof why);
	bool check = false;
	pid_t pid;

	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (opt) {
		case SCRIPT:
			err = script_parse(optarg, &script, why, sizeof why);
			break;
		case SCRIPT_FILE:
			err = script_read(optarg, &script, why, sizeof why);
			break;
		case LOG:
			o.log = optarg;
			break;
		case CONTROL:
			o.control = optarg;
			break;
		case SEED:
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case FILES:
			o.files = optarg;
			break;
		case LOOPBACK:
			o.mode = LAB_LOOPBACK;
			break;
		case CHECK:
			check = true;
			break;
		default:
			fputs(usage, stderr);
			return EXIT_LAB;
		}
	}
	if (err != 0 || (optind == argc && !check)) {
		fprintf(stderr, "%s\n", err != 0 ? why : usage);
		return EXIT_LAB;
	}
	if (o.mode == LAB_LOOPBACK)
		return inside(&o, argv + optind);
	pid = netns_enter(why, sizeof why);
	if (pid < 0) {
		fprintf(stderr, "linklab: %s\n", why);
		return EXIT_SKIP;
	}
	if (pid > 0)
		return netns_wait(pid);
	return check ? EXIT_SUCCESS : inside(&o, argv + optind);
}
