/* SPDX-License-Identifier: ISC */
/*
 * The table of settings: one row each, and what follows from a row (parse, print, explain).
 */
#ifndef LINKQ_DAEMON_SETTINGS_H
#define LINKQ_DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/config.h"

enum conf_type {
	CONF_DURATION, /* int64_t, microseconds */
	CONF_SIZE,     /* int64_t, bytes */
	CONF_COUNT,    /* int64_t */
	CONF_LEVEL,    /* int64_t, enum log_level */
	CONF_METERED,  /* int64_t, enum conf_metered */
	CONF_SWITCH,   /* int64_t, 0 or 1 */
	CONF_PATH,     /* char[CONF_TEXT_MAX + 1] */
	CONF_INTERFACE, /* char[16] */
	CONF_PROXY,     /* char[CONF_TEXT_MAX + 1] */
	CONF_LISTENS,  /* struct conf_listens */
	CONF_TARGETS,  /* struct conf_targets */
	CONF_HOSTS,    /* struct conf_names */
	CONF_ORIGINS,  /* struct conf_names */
	CONF_HOOKS     /* struct conf_hooks */
};

struct setting {
	const char *name;
	enum conf_type type;
	size_t at; /* in struct conf */
	int64_t min, max;
	const char *const *preset; /* values as a file would give them, NULL ends */
	const char *text;
};

extern const struct setting settings[];
extern const size_t settings_len;

const struct setting *setting_find(const char *name, size_t len);
/* The name most like a wrong one, NULL where none is near. */
const char *setting_near(const char *name, size_t len);
bool setting_is_list(const struct setting *s);

/* Take one value (a list: add one; "none" alone leaves it empty). 0, or -EINVAL with what
 * is allowed in `why`; nothing is changed then. */
int setting_take(struct conf *c, const struct setting *s, enum conf_origin origin,
    const char *value, char *why, size_t why_len);
/* Empty a list, or a text. */
void setting_clear(struct conf *c, const struct setting *s);
void setting_preset(struct conf *c, const struct setting *s);
/* "NAME = VALUE\n", as a file would say it; behind a # where it is a preset. */
void setting_print(const struct conf *c, const struct setting *s, FILE *out);
/* Foreign text for a message: in quotes, on one line, cut where there is no room. */
void setting_quote(char *out, size_t cap, const char *text, size_t len);
/* What is allowed, in a few words. */
void setting_allowed(const struct setting *s, char *out, size_t len);

#endif
