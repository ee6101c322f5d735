/* SPDX-License-Identifier: ISC */
/* linkq help: the list of commands, or the options of one. */
#include "daemon/cli/help.h"

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/words.h"

void
help_list(FILE *to)
{
	fputs("How good is the network link of this host? linkq asks linkqd.\n\n"
	      "linkq [--connect SOCKET|URL] [--token-file FILE] [--utc] COMMAND ...\n\n",
	    to);
	for (size_t i = 0; i < commands_len; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].purpose);
	fputs("\n"
	      "  --connect SOCKET|URL  the daemon; otherwise $LINKQ_SOCKET, the socket in the\n"
	      "                        runtime directory, then 127.0.0.1:8790\n"
	      "  --token-file FILE     the bearer token that a daemon beyond loopback asks for\n"
	      "  --utc                 show times in UTC instead of local time\n"
	      "  --version, --help\n\n"
	      "'linkq help COMMAND' tells more; so does linkq(1).\n",
	    to);
}

int
help_unknown(const char *name)
{
	const struct command *near = command_nearest(name);

	fprintf(stderr, "linkq: there is no command '%s'.", name);
	if (near != NULL)
		fprintf(stderr, " Did you mean '%s'?", near->name);
	fputs(" 'linkq help' lists them.\n", stderr);
	return CLI_USAGE;
}

int
cmd_help(int argc, char **argv)
{
	static char dashes[] = "--help";
	const struct command *c;
	char name[64];
	char *args[] = { name, dashes, NULL };

	if (argc > 2)
		return cli_usage(argv, "one command at a time.");
	if (argc < 2 || argv[1][0] == '-') {
		help_list(stdout);
		return cli_end(argv, CLI_OK);
	}
	c = command_find(argv[1]);
	if (c == NULL)
		return help_unknown(argv[1]);
	if (c->run == cmd_help) {
		printf("linkq help %s\n%s.\n\n%s", c->synopsis, words_capital(c->purpose).s,
		    c->help);
		return cli_end(argv, CLI_OK);
	}
	snprintf(name, sizeof name, "linkq %s", c->name);
	optind = 0;
	return c->run(2, args);
}
