/* SPDX-License-Identifier: ISC */
/*
 * Other programs' timings as observations of the API: what curl writes with
 * -w '%{json}\n', and the HTTP Archive (HAR 1.2) of browsers and proxies.
 */
#ifndef LINKQ_CLI_TIMINGS_H
#define LINKQ_CLI_TIMINGS_H

#include <jansson.h>

/* What to give to curl's -w. Since curl 7.70. */
#define TIMINGS_CURL_FORMAT "%{json}\\n"

/* An observation (a new reference) of one line of curl; NULL with a reason in *why. */
json_t *timings_of_curl(const json_t *line, const char **why);

/* The same of one entry of a HAR. *why is NULL where the entry is no request over a network
 * (data:, blocked, a web socket) and simply says nothing. */
json_t *timings_of_har_entry(const json_t *entry, const char **why);

/* The entries of a HAR document; NULL where it is none. Borrowed. */
const json_t *timings_har_entries(const json_t *har);

#endif
