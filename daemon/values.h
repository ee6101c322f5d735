/* SPDX-License-Identifier: ISC */
/*
 * Values of settings: text to what it means, and back. Each parser takes the whole text or
 * nothing: 0, -EINVAL (not allowed), -ENOSPC (the list is full), -EEXIST (twice in the
 * list), -ENOMEM; the output is written on success only.
 */
#ifndef LINKQ_DAEMON_VALUES_H
#define LINKQ_DAEMON_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"

/* 250ms, 30s, 5min, 2h, 7d, 5y (365 days each); a fraction as in 1.5h. Never without unit,
 * except 0. */
int value_duration(const char *text, int64_t *us);
/* 500, 10kB, 10MB, 1GB (thousands), 64KiB, 1MiB, 1GiB; the B may be left out. */
int value_size(const char *text, int64_t *bytes);
int value_count(const char *text, int64_t *n);
int value_level(const char *text, int64_t *level);
int value_metered(const char *text, int64_t *metered); /* auto, true or false */
int value_switch(const char *text, int64_t *on); /* true or false */
/* In the largest unit that is whole. */
void value_print_duration(char *out, size_t len, int64_t us);
void value_print_size(char *out, size_t len, int64_t bytes);

/* No control characters in it. */
bool value_is_plain(const char *text);
/* `max` characters at most; absolute. */
int value_path(char *out, size_t max, const char *text, bool none_allowed);
/* none, environment, or the URL of a host and a port; `out` has CONF_TEXT_MAX + 1. */
int value_proxy(char *out, const char *text);
int value_interface(char *out, size_t cap, const char *text);

int value_add_listen(struct conf_listens *list, const char *text, bool asked);
int value_add_target(struct conf_targets *list, const char *text, bool own);
int value_add_hook(struct conf_hooks *list, const char *text);
void value_print_hook(char *out, size_t len, const struct conf_hook *h);
/* http or https, with a host, and without a user's name and password. */
bool value_is_url(const char *url);
int value_add_host(struct conf_names *list, const char *text);
int value_add_origin(struct conf_names *list, const char *text);
void value_free_names(struct conf_names *list);

#endif
