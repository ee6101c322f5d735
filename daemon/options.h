/* SPDX-License-Identifier: ISC */
/* The daemon's command line, and the configuration that comes of it. */
#ifndef LINKQ_DAEMON_OPTIONS_H
#define LINKQ_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/config.h"
#include "daemon/paths.h"

#define OPTIONS_SETTINGS_MAX 128

struct options {
	bool foreground, check_config;
	char file[PATHS_MAX]; /* "": there is none */
	char *setting[OPTIONS_SETTINGS_MAX]; /* "key=value", ours */
	size_t settings;
};

/* Reads argv. Returns -1: go on; else the exit status (help and version were printed, or
 * what is wrong was said on standard error). */
int options_read(struct options *o, int argc, char **argv);
void options_finish(struct options *o);

/* Presets, file, command line, in that order. 0, or a negative errno with a sentence or
 * more in `why`. `c` is initialised on success only. */
int options_configure(const struct options *o, struct conf *c, char *why, size_t why_len);

#endif
