/* SPDX-License-Identifier: ISC */
/* linkq hls: an HLS gateway for players that cannot adapt. */
#include "daemon/cli/hls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/find.h"
#include "daemon/gateway/gateway.h"
#include "daemon/loop.h"

#define LIST_MAX 16 /* of an option that may be given again */
#define PATIENCE_S 30
#define AHEAD_S 24
#define NOT_FOUND 127 /* as a shell says that there is no such program */

const char hls_help[] =
    "  --port N            listen there on 127.0.0.1 instead of on any free port\n"
    "  --switch HOW        any: for all players (the preset); map: for players that take a\n"
    "                      changed EXT-X-MAP; never: one rendition, chosen at the start\n"
    "  --max-kbps N, --max-height N   no rendition above that\n"
    "  --allow URL         an origin that may be asked, too; may be given again\n"
    "  --header 'NAME: VALUE'   for the origins; may be given again\n"
    "  --origin ORIGIN     of a page whose player may ask; may be given again\n"
    "  --ahead S           fetch so much before the player asks (24); it lies in memory\n"
    "  --patience S        how long a player is kept waiting for a segment (30)\n"
    "  --verbose           say on standard error what is fetched\n"
    "  Prints the address to play, and serves until it is ended; or, with a player behind --,\n"
    "  starts it with the address (in place of {}, else at its end) and ends with it.\n"
    "  Examples:\n"
    "  linkq hls https://example.org/master.m3u8\n"
    "  linkq hls https://example.org/master.m3u8 -- mpv\n";

struct hls {
	char **argv;
	char **player; /* NULL: none; NULL-terminated */
	struct loop *loop;
	struct gateway_options o;
	struct advice_place place[FIND_PLACES_MAX];
	const char *allow[LIST_MAX + 1], *header[LIST_MAX + 1], *origin[LIST_MAX + 1];
	uint16_t port;
	pid_t pid; /* of the player; 0: it does not run */
	sigset_t signals;
	int status;
};

/* --- options ------------------------------------------------------------------------------- */

enum {
	OPT_PORT = 1,
	OPT_SWITCH,
	OPT_MAX_KBPS,
	OPT_MAX_HEIGHT,
	OPT_ALLOW,
	OPT_HEADER,
	OPT_ORIGIN,
	OPT_PATIENCE,
	OPT_AHEAD,
	OPT_VERBOSE
};

static int
add(struct hls *h, const char *list[], const char *name)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	if (n == LIST_MAX)
		return cli_usage(h->argv, "--%s may be given %d times.", name, LIST_MAX);
	list[n] = optarg;
	return CLI_OK;
}

static int
number(struct hls *h, const char *name, double least, double most, int64_t scale, int64_t *out)
{
	double n;

	if (!cli_number(optarg, least, most, &n))
		return cli_usage(h->argv, "--%s '%s' must be a number from %g to %g.", name, optarg,
		    least, most);
	*out = (int64_t)(n * (double)scale);
	return CLI_OK;
}

static int
read_switch(struct hls *h)
{
	static const char *const words[] = {"never", "map", "any"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(optarg, words[i]) == 0) {
			h->o.switching = (enum gateway_switch)i;
			return CLI_OK;
		}
	}
	return cli_usage(h->argv, "--switch '%s' must be never, map or any.", optarg);
}

static int
read_header(struct hls *h)
{
	if (strchr(optarg, ':') == NULL || strpbrk(optarg, "\r\n") != NULL)
		return cli_usage(h->argv, "--header '%s' must be 'NAME: VALUE'.", optarg);
	return add(h, h->header, "header");
}

static int
read_option(struct hls *h, int opt)
{
	int64_t port = 0;
	int status;

	switch (opt) {
	case OPT_PORT:
		status = number(h, "port", 0, 65535, 1, &port);
		h->port = (uint16_t)port;
		return status;
	case OPT_SWITCH:
		return read_switch(h);
	case OPT_MAX_KBPS:
		return number(h, "max-kbps", 1, 1e7, 1, &h->o.max_kbps);
	case OPT_MAX_HEIGHT:
		return number(h, "max-height", 1, 1e5, 1, &h->o.max_height);
	case OPT_ALLOW:
		return add(h, h->allow, "allow");
	case OPT_HEADER:
		return read_header(h);
	case OPT_ORIGIN:
		return add(h, h->origin, "origin");
	case OPT_PATIENCE:
		return number(h, "patience", 1, 3600, 1000000, &h->o.patience_us);
	case OPT_AHEAD:
		return number(h, "ahead", 0, 3600, 1000000, &h->o.ahead_us);
	default:
		h->o.verbose = true;
		return CLI_OK;
	}
}

static int
read_options(struct hls *h, int argc, char **argv)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, OPT_PORT },
		{ "switch", required_argument, NULL, OPT_SWITCH },
		{ "max-kbps", required_argument, NULL, OPT_MAX_KBPS },
		{ "max-height", required_argument, NULL, OPT_MAX_HEIGHT },
		{ "allow", required_argument, NULL, OPT_ALLOW },
		{ "header", required_argument, NULL, OPT_HEADER },
		{ "origin", required_argument, NULL, OPT_ORIGIN },
		{ "patience", required_argument, NULL, OPT_PATIENCE },
		{ "ahead", required_argument, NULL, OPT_AHEAD },
		{ "verbose", no_argument, NULL, OPT_VERBOSE },
		CLI_LONG_OPTIONS,
	};
	int opt, status;

	/* '+': what follows the URL is the player's */
	while ((opt = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (opt >= OPT_PORT && opt <= OPT_VERBOSE) {
			status = read_option(h, opt);
			if (status != CLI_OK)
				return status;
		} else if (!cli_common_option(opt, argv, &status)) {
			return status == CLI_OK ? -1 : status;
		}
	}
	if (optind == argc)
		return cli_usage(argv, "needs the URL of a playlist.");
	h->o.url = argv[optind++];
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	else if (optind < argc)
		return cli_usage(argv, "'%s' is one word too many; a player stands behind --.",
		    argv[optind]);
	h->player = optind < argc ? argv + optind : NULL;
	return CLI_OK;
}

/* --- the player --------------------------------------------------------------------------------- */

static void
run_player(struct hls *h, const char *url)
{
	size_t n = 0;
	bool put = false;
	const char **words;
	char **copy;

	while (h->player[n] != NULL)
		n++;
	words = calloc(n + 2, sizeof(*words));
	if (words == NULL)
		_exit(NOT_FOUND);
	for (size_t i = 0; i < n; i++) {
		bool here = strcmp(h->player[i], "{}") == 0;

		words[i] = here ? url : h->player[i];
		put |= here;
	}
	if (!put)
		words[n] = url;
	sigprocmask(SIG_UNBLOCK, &h->signals, NULL);
	signal(SIGPIPE, SIG_DFL);
	memcpy(&copy, &words, sizeof(copy)); /* execvp does not say const */
	execvp(copy[0], copy);
	cli_fail(h->argv, "%s: %s.", h->player[0], strerror(errno));
	_exit(NOT_FOUND);
}

static void
on_ready(void *ctx, int error, const char *why)
{
	struct hls *h = ctx;
	char url[64];

	if (error != 0) {
		h->status = cli_fail(h->argv, "%s: %s.", h->o.url, why);
		loop_stop(h->loop);
		return;
	}
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/master.m3u8", (unsigned)h->port);
	if (h->player == NULL) {
		printf("%s\n", url);
		fflush(stdout);
		return;
	}
	h->pid = fork();
	if (h->pid == 0)
		run_player(h, url);
	if (h->pid < 0) {
		h->status = cli_fail(h->argv, "no process for the player: %s.", strerror(errno));
		loop_stop(h->loop);
	}
}

static void
on_signal(void *arg, int64_t now_us, int sig)
{
	struct hls *h = arg;
	int status;

	(void)now_us;
	if (sig != SIGCHLD) {
		if (h->pid > 0)
			(void)kill(h->pid, sig); /* its end is ours */
		else
			loop_stop(h->loop);
		return;
	}
	if (h->pid <= 0 || waitpid(h->pid, &status, WNOHANG) != h->pid)
		return;
	h->pid = 0;
	h->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	loop_stop(h->loop);
}

/* --- the whole ------------------------------------------------------------------------------------ */

static int
listen_at(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
	socklen_t len = sizeof(at);
	int one = 1, error;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

static void
set_places(struct hls *h, const struct client *c)
{
	const struct find_place *place;
	const char *authorization;

	h->o.places_len = client_places(c, &place, &authorization);
	h->o.places = h->place;
	for (size_t i = 0; i < h->o.places_len; i++)
		h->place[i] = (struct advice_place){
		    .socket = place[i].is_socket ? place[i].at : NULL,
		    .url = place[i].is_socket ? "http://localhost" : place[i].at,
		    .authorization = *authorization != '\0' ? authorization : NULL};
}

static int
serve(struct hls *h)
{
	struct gateway *g = NULL;
	int error;

	h->o.listen_fd = listen_at(&h->port);
	if (h->o.listen_fd < 0)
		return cli_fail(h->argv, "cannot listen on 127.0.0.1:%u: %s.", (unsigned)h->port,
		    strerror(-h->o.listen_fd));
	error = gateway_create(h->loop, &h->o, &g);
	if (error == -EINVAL)
		return cli_usage(h->argv, "the URL, what is allowed and pages' origins must be http "
		    "or https.");
	if (error != 0)
		return cli_fail(h->argv, "cannot begin: %s.", strerror(-error));
	gateway_open(g, on_ready, h);
	if (loop_run(h->loop) != 0)
		h->status = cli_fail(h->argv, "the event loop failed.");
	gateway_destroy(g);
	return h->status;
}

int
cmd_hls(int argc, char **argv)
{
	struct hls h = {.argv = argv, .o = {.switching = GATEWAY_SWITCH_ANY, .max_kbps = -1,
	    .max_height = -1, .patience_us = PATIENCE_S * INT64_C(1000000),
	    .ahead_us = AHEAD_S * INT64_C(1000000)}};
	struct client *c;
	int status = read_options(&h, argc, argv);

	if (status != CLI_OK)
		return status < 0 ? CLI_OK : status;
	h.o.allow = h.allow;
	h.o.headers = h.header;
	h.o.origins = h.origin;
	c = client_open(argv, &status);
	if (c == NULL)
		return status;
	set_places(&h, c);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&h.signals);
	sigaddset(&h.signals, SIGINT);
	sigaddset(&h.signals, SIGTERM);
	sigaddset(&h.signals, SIGHUP);
	sigaddset(&h.signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &h.signals, NULL);
	if (loop_create(&h.loop) != 0 ||
	    loop_signals(h.loop, &h.signals, on_signal, &h) != 0)
		status = cli_fail(argv, "out of memory.");
	else
		status = serve(&h);
	loop_destroy(h.loop);
	client_close(c);
	return cli_end(argv, status);
}
