/* SPDX-License-Identifier: ISC */
/* The daemon's command line. */
#include "daemon/options.h"

#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
    "usage: linkqd [--config FILE] [--foreground] [--check-config]\n"
    "              [--listen ADDR:PORT]... [--socket PATH] [--database FILE]\n"
    "              [--probe URL]... [--set KEY=VALUE]... [--version] [--help]\n";

static const char help[] =
    "\n"
    "Estimates how good this host's network link is from the timing of real requests,\n"
    "and serves the estimate over HTTP on loopback.\n"
    "\n"
    "  --config FILE        read this file instead of the usual ones\n"
    "  --foreground         stay in the foreground, log to standard error\n"
    "  --check-config       print the effective configuration and exit\n"
    "  --listen ADDR:PORT   answer HTTP there (port 0: any that is free)\n"
    "  --socket PATH        the Unix socket; none: no such socket\n"
    "  --database FILE      the history\n"
    "  --probe URL          measure with requests to URL instead of the preset targets;\n"
    "                       download=URL (with {bytes} in it), upload=URL; none\n"
    "  --set KEY=VALUE      any setting of linkqd.conf(5), listed below\n"
    "  --version, --help\n"
    "\n";

static int
say_usage(const char *format, const char *what)
{
	(void)fputs("linkqd: ", stderr);
	(void)fprintf(stderr, "%s%s%s\n", format, what ? ": " : "", what ? what : "");
	(void)fputs(usage, stderr);
	return EX_USAGE;
}

/* "key=value"; a relative path of the command line means where we are now. */
static int
add(struct options *o, const char *key, const char *value, bool path)
{
	char here[PATH_MAX] = "";
	char *setting;
	size_t len;

	if (o->settings == OPTIONS_SETTINGS_MAX)
		return say_usage("too many options", NULL);
	if (path && value[0] != '/' && strcmp(value, "none") != 0 &&
	    !getcwd(here, sizeof(here)))
		here[0] = '\0';
	len = strlen(key) + strlen(here) + strlen(value) + 3;
	setting = malloc(len);
	if (!setting)
		return say_usage("out of memory", NULL);
	(void)snprintf(setting, len, "%s%s%s%s%s", key, key[0] ? "=" : "", here,
	    here[0] ? "/" : "", value);
	o->setting[o->settings++] = setting;
	return -1;
}

int
options_read(struct options *o, int argc, char **argv)
{
	enum { OPT_CONFIG = 256, OPT_FOREGROUND, OPT_CHECK, OPT_LISTEN, OPT_SOCKET,
		OPT_DATABASE, OPT_PROBE, OPT_SET, OPT_VERSION, OPT_HELP };
	static const struct option longs[] = {
		{ "config", required_argument, NULL, OPT_CONFIG },
		{ "foreground", no_argument, NULL, OPT_FOREGROUND },
		{ "check-config", no_argument, NULL, OPT_CHECK },
		{ "listen", required_argument, NULL, OPT_LISTEN },
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "database", required_argument, NULL, OPT_DATABASE },
		{ "probe", required_argument, NULL, OPT_PROBE },
		{ "set", required_argument, NULL, OPT_SET },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "help", no_argument, NULL, OPT_HELP },
		{ 0 },
	};
	int c, status = -1;

	*o = (struct options){ 0 };
	paths_config(o->file);
	while (status < 0 && (c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case OPT_CONFIG:
			if (strlen(optarg) >= sizeof(o->file))
				return say_usage("that path is too long", optarg);
			strcpy(o->file, optarg);
			break;
		case OPT_FOREGROUND:
			o->foreground = true;
			break;
		case OPT_CHECK:
			o->check_config = true;
			break;
		case OPT_LISTEN:
			status = add(o, "listen", optarg, false);
			break;
		case OPT_SOCKET:
			status = add(o, "socket", optarg, true);
			break;
		case OPT_DATABASE:
			status = add(o, "database", optarg, true);
			break;
		case OPT_PROBE:
			status = add(o, "probe", optarg, false);
			break;
		case OPT_SET:
			status = add(o, "", optarg, false);
			break;
		case OPT_VERSION:
			(void)printf("linkqd %s\n", PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case OPT_HELP:
			(void)fputs(usage, stdout);
			(void)fputs(help, stdout);
			conf_help(stdout);
			return EXIT_SUCCESS;
		default: /* getopt has said what is wrong */
			(void)fputs(usage, stderr);
			return EX_USAGE;
		}
	}
	if (status < 0 && optind < argc)
		return say_usage("not an option", argv[optind]);
	return status;
}

void
options_finish(struct options *o)
{
	for (size_t i = 0; i < o->settings; i++)
		free(o->setting[i]);
	o->settings = 0;
}

int
options_configure(const struct options *o, struct conf *c, char *why, size_t why_len)
{
	int err = 0;

	conf_init(c);
	if (o->file[0])
		err = conf_load(c, o->file, why, why_len);
	for (size_t i = 0; !err && i < o->settings; i++)
		err = conf_set(c, o->setting[i], why, why_len);
	if (!err)
		err = conf_check(c, why, why_len);
	if (err)
		conf_finish(c);
	return err;
}
