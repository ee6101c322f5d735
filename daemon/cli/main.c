/* SPDX-License-Identifier: ISC */
/* linkq, the command line of linkqd: global options, then a command of the table. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/help.h"

enum { OPT_VERSION = 1 };

static int
run_command(int argc, char **argv)
{
	const struct command *c = command_find(argv[0]);
	char name[64];

	if (c == NULL)
		return help_unknown(argv[0]);
	snprintf(name, sizeof name, "linkq %s", c->name);
	argv[0] = name; /* what the command's messages begin with */
	optind = 0;     /* glibc: start over, for the command's own options */
	return c->run(argc, argv);
}

int
main(int argc, char **argv)
{
	static char name[] = "linkq";
	static const struct option options[] = {
		{ "version", no_argument, NULL, OPT_VERSION },
		CLI_LONG_OPTIONS,
	};
	int opt;

	/* a reader that left ends us quietly, also where our parent ignored the signal */
	signal(SIGPIPE, SIG_DFL);
	tzset();
	if (argc < 1)
		return CLI_USAGE;
	argv[0] = name;
	while ((opt = getopt_long(argc, argv, "+hV", options, NULL)) != -1) {
		int status;

		switch (opt) {
		case 'V':
		case OPT_VERSION:
			puts("linkq " PACKAGE_VERSION);
			return cli_end(argv, CLI_OK);
		case 'h':
		case CLI_OPT_HELP:
			help_list(stdout);
			return cli_end(argv, CLI_OK);
		default:
			if (!cli_common_option(opt, argv, &status))
				return status;
		}
	}
	if (optind == argc) {
		help_list(stderr);
		return CLI_USAGE;
	}
	return run_command(argc - optind, argv + optind);
}
