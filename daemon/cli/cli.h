/* SPDX-License-Identifier: ISC */
/*
 * What the commands of linkq share: exit statuses, the options that stand before a command,
 * and how messages are worded.
 *
 * A command is `int cmd_x(int argc, char **argv)`: argv[0] is "linkq x" (fit for messages),
 * getopt is reset, SIGPIPE has its default action, and what it returns is the exit status.
 */
#ifndef LINKQ_CLI_CLI_H
#define LINKQ_CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1, /* asked, and it did not work out */
	CLI_UNREACHABLE = 5,
	CLI_USAGE = 64, /* sysexits.h: EX_USAGE */
	CLI_IO = 74     /* EX_IOERR: what there was to say could not be written */
};

/* Options that stand before the command or, where it talks to the daemon, behind it. */
struct cli_common {
	const char *connect;    /* socket or URL; NULL: look for the daemon */
	const char *token_file; /* NULL: none */
	bool utc;               /* show times in UTC, not in local time */
};

extern struct cli_common cli_common;

enum cli_option { CLI_OPT_CONNECT = 0x1000, CLI_OPT_TOKEN_FILE, CLI_OPT_UTC, CLI_OPT_HELP };

/* Rows for a command's own table of long options; the last one ends it. */
#define CLI_LONG_OPTIONS \
	{ "connect", required_argument, NULL, CLI_OPT_CONNECT }, \
	{ "token-file", required_argument, NULL, CLI_OPT_TOKEN_FILE }, \
	{ "utc", no_argument, NULL, CLI_OPT_UTC }, \
	{ "help", no_argument, NULL, CLI_OPT_HELP }, { NULL, 0, NULL, 0 }

/*
 * What getopt_long returned and the command itself does not know. True: it was a common
 * option and is done; false: return *status (help was printed, or the usage error).
 */
bool cli_common_option(int opt, char **argv, int *status);

/* One sentence on standard error, "linkq x: ..."; returns CLI_USAGE. */
int cli_usage(char **argv, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One sentence on standard error; returns CLI_FAILED. */
int cli_fail(char **argv, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Flush standard output; `status`, or CLI_IO and a sentence where it could not be written
 * (a full disk). */
int cli_end(char **argv, int status);

/* 1500, 10k, 2.5M, 1G, 4Ki, 1MiB: thousands, or with an i 1024s. Whole bytes from 1 to 1e15. */
bool cli_bytes(const char *text, double *out);

/* A whole file or, for "-", standard input, NUL-terminated; the caller frees it. 0, -EFBIG
 * beyond `max` bytes, or another negative errno. */
int cli_read_file(const char *path, size_t max, char **text, size_t *len);

/* A whole decimal number within [min, max]; false for anything else. */
bool cli_number(const char *text, double min, double max, double *out);

#endif
