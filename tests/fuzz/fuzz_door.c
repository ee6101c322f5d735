/* SPDX-License-Identifier: ISC */
/* Fuzz: headers, "Name: value" a line. Who is let in carries one Host that is ours, and an
 * origin that is ours or configured. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/door.h"

static void
must(bool so)
{
	if (!so)
		abort();
}

static void
check(const struct door *d, const struct door_headers *h, enum api_listener from)
{
	struct problem p = {.status = 0};
	const char *cors, *host = h->h[DOOR_HOST].value, *origin = h->h[DOOR_ORIGIN].value;

	if (door_check(d, from, h, &cors, &p) != 0) {
		must(p.status >= 400 && p.status < 500);
		return;
	}
	must(h->h[DOOR_ORIGIN].count <= 1 && !door_framing_is_bad(h));
	must(cors == NULL || strcasecmp(cors, origin) == 0);
	if (from == API_LISTEN_UNIX) {
		must(origin == NULL || cors != NULL);
		return;
	}
	must(h->h[DOOR_HOST].count == 1);
	must(strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.0.0.1", 9) == 0 ||
	    strncmp(host, "[::1]", 5) == 0 || strncasecmp(host, "box.example", 11) == 0);
	must(strpbrk(host, "/@ ") == NULL);
	must(origin == NULL || cors != NULL || strcasecmp(origin + 7, host) == 0);
	if (from == API_LISTEN_REMOTE)
		must(strstr(h->h[DOOR_AUTHORIZATION].value, "s3cret") != NULL);
	door_check_body(h, &p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const hosts[] = {"box.example"};
	static const char *const origins[] = {"http://app.example:3000"};
	static const struct api_options o = {.hosts = hosts, .hosts_len = 1,
	    .origins = origins, .origins_len = 1, .token = "s3cret"};
	char *text = malloc(len + 1), *rest = text, *line;
	struct door_headers h;
	struct door d;

	must(text != NULL && door_init(&d, &o) == 0);
	memcpy(text, data, len);
	text[len] = '\0';
	memset(&h, 0, sizeof(h));
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *value = strstr(line, ": ");

		if (value == NULL)
			continue;
		*value = '\0';
		door_header_add(&h, line, value + 2);
	}
	check(&d, &h, API_LISTEN_LOOPBACK);
	check(&d, &h, API_LISTEN_UNIX);
	check(&d, &h, API_LISTEN_REMOTE);
	door_finish(&d);
	free(text);
	return 0;
}
