/* SPDX-License-Identifier: ISC */
/* What the commands share that ask the daemon one thing and print its answer. */
#include "daemon/cli/ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/cli.h"

struct client *
ask_open(int argc, char **argv, int *status)
{
	if (optind < argc) {
		*status = cli_usage(argv, "'%s' is one word too many.", argv[optind]);
		return NULL;
	}
	return client_open(argv, status);
}

void
ask_path(struct client *c, const char *before, const char *link, char *path, size_t cap)
{
	char *id = client_escape(c, link);

	snprintf(path, cap, "%s%s", before, id != NULL ? id : "");
	free(id);
}

void
ask_print_json(const json_t *answer)
{
	json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
	putchar('\n');
}
