/* SPDX-License-Identifier: ISC */
/* What the commands of linkq share: the common options, and how messages are worded. */
#include "daemon/cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/words.h"

struct cli_common cli_common;

static void
print_help(const char *argv0)
{
	/* argv[0] is "linkq status" */
	const char *space = strchr(argv0, ' ');
	const struct command *c = command_find(space ? space + 1 : argv0);

	if (c == NULL || c->help == NULL)
		return;
	printf("linkq %s %s\n%s.\n\n%s", c->name, c->synopsis, words_capital(c->purpose).s,
	    c->help);
}

bool
cli_common_option(int opt, char **argv, int *status)
{
	switch (opt) {
	case CLI_OPT_CONNECT:
		cli_common.connect = optarg;
		return true;
	case CLI_OPT_TOKEN_FILE:
		cli_common.token_file = optarg;
		return true;
	case CLI_OPT_UTC:
		cli_common.utc = true;
		return true;
	case 'h':
	case CLI_OPT_HELP:
		print_help(argv[0]);
		*status = cli_end(argv, CLI_OK);
		return false;
	default:
		/* getopt has named the option */
		fprintf(stderr, "Try '%s --help'.\n", argv[0]);
		*status = CLI_USAGE;
		return false;
	}
}

static void __attribute__((format(printf, 2, 0)))
complain(char **argv, const char *format, va_list ap)
{
	fprintf(stderr, "%s: ", argv[0]);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

int
cli_usage(char **argv, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(argv, format, ap);
	va_end(ap);
	fprintf(stderr, "Try '%s --help'.\n", argv[0]);
	return CLI_USAGE;
}

int
cli_fail(char **argv, const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, format);
	complain(argv, format, ap);
	va_end(ap);
	return CLI_FAILED;
}

int
cli_end(char **argv, int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	(void)cli_fail(argv, "the output could not be written: %s.",
	    strerror(errno != 0 ? errno : EIO));
	return CLI_IO;
}

bool
cli_number(const char *text, double min, double max, double *out)
{
	char *end;
	double n;

	/* strtod alone would take " 5", "0x5", "inf" and "nan" */
	if (*text == '\0' || strspn(text, "0123456789.-") != strlen(text))
		return false;
	n = strtod(text, &end);
	if (*end != '\0' || !isfinite(n) || n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool
cli_bytes(const char *text, double *out)
{
	static const char letters[] = "kMGT";
	size_t digits = strspn(text, "0123456789.");
	const char *unit = text + digits;
	char number[32];
	double n;

	if (digits == 0 || digits >= sizeof number)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!cli_number(number, 0, 1e15, &n))
		return false;
	if (*unit != '\0' && *unit != 'B') {
		const char *letter = strchr(letters, *unit == 'K' ? 'k' : *unit);
		bool binary = unit[1] == 'i';

		if (letter == NULL)
			return false;
		n *= pow(binary ? 1024 : 1000, (double)(letter - letters + 1));
		unit += binary ? 2 : 1;
	}
	if (*unit == 'B')
		unit++;
	if (*unit != '\0' || n < 1 || n > 1e15)
		return false;
	*out = floor(n);
	return true;
}

int
cli_read_file(const char *path, size_t max, char **text, size_t *len)
{
	bool in = strcmp(path, "-") == 0;
	FILE *f = in ? stdin : fopen(path, "re");
	char *all = NULL;
	size_t n = 0, cap = 0, got;
	int error = 0;

	if (f == NULL)
		return -errno;
	do {
		if (n + 1 >= cap) {
			char *larger = realloc(all, cap = cap ? 2 * cap : 65536);

			if (larger == NULL) {
				error = -ENOMEM;
				break;
			}
			all = larger;
		}
		errno = 0;
		got = fread(all + n, 1, cap - n - 1, f);
		n += got;
		if (n > max)
			error = -EFBIG;
	} while (got > 0 && error == 0);
	if (error == 0 && ferror(f))
		error = errno != 0 ? -errno : -EIO;
	if (!in)
		fclose(f);
	if (error != 0) {
		free(all);
		return error;
	}
	all[n] = '\0';
	*text = all;
	*len = n;
	return 0;
}
