/* SPDX-License-Identifier: ISC */
/* URLs: resolved, and told apart by their origin. No I/O. */
#ifndef LINKQ_DAEMON_GATEWAY_URL_H
#define LINKQ_DAEMON_GATEWAY_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_MAX 4096

/* `relative` (of that length) as base has it. 0, or -EINVAL: it is none, it is too long, or
 * neither http nor https. */
int url_resolve(const char *base, const char *relative, size_t len, char out[URL_MAX]);

/* "https://host:443", in lower case and with the port always. 0 or -EINVAL. */
int url_origin(const char *url, char out[URL_MAX]);

/* ".ts", of the last part of the path, if it is one of those that players know; else "". */
const char *url_ending(const char *url, size_t len);

#endif
