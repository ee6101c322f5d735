/* SPDX-License-Identifier: ISC */
/* Decides by the headers alone who may ask. */
#include "api/door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[DOOR_NAMES] = {
	[DOOR_HOST] = "Host",
	[DOOR_ORIGIN] = "Origin",
	[DOOR_AUTHORIZATION] = "Authorization",
	[DOOR_CONTENT_LENGTH] = "Content-Length",
	[DOOR_TRANSFER_ENCODING] = "Transfer-Encoding",
	[DOOR_CONTENT_TYPE] = "Content-Type",
	[DOOR_CONTENT_ENCODING] = "Content-Encoding",
	[DOOR_EXPECT] = "Expect",
	[DOOR_SEC_FETCH_SITE] = "Sec-Fetch-Site",
	[DOOR_IF_NONE_MATCH] = "If-None-Match",
	[DOOR_ACCEPT] = "Accept",
	[DOOR_LAST_EVENT_ID] = "Last-Event-ID",
	[DOOR_ASK_METHOD] = "Access-Control-Request-Method",
	[DOOR_ASK_PRIVATE] = "Access-Control-Request-Private-Network",
};

static void
free_list(char **list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(list[i]);
	free(list);
}

static int
copy_list(char ***out, size_t *out_len, const char *const *from, size_t len)
{
	char **list = calloc(len + 1, sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		list[i] = strdup(from[i]);
		if (list[i] == NULL) {
			free_list(list, i);
			return -ENOMEM;
		}
	}
	*out = list;
	*out_len = len;
	return 0;
}

int
door_init(struct door *d, const struct api_options *o)
{
	int error;

	memset(d, 0, sizeof(*d));
	for (size_t i = 0; i < o->origins_len; i++) {
		/* "null" is what any sandboxed page says; "*" would be everybody */
		if (strstr(o->origins[i], "://") == NULL || strchr(o->origins[i], '*') != NULL)
			return -EINVAL;
	}
	if (o->token != NULL && o->token[0] == '\0')
		return -EINVAL;
	error = copy_list(&d->hosts, &d->hosts_len, o->hosts, o->hosts_len);
	if (error == 0)
		error = copy_list(&d->origins, &d->origins_len, o->origins, o->origins_len);
	if (error == 0 && o->token != NULL) {
		d->token = strdup(o->token);
		if (d->token == NULL)
			error = -ENOMEM;
	}
	if (error != 0)
		door_finish(d);
	return error;
}

void
door_finish(struct door *d)
{
	free_list(d->hosts, d->hosts_len);
	free_list(d->origins, d->origins_len);
	free(d->token);
	memset(d, 0, sizeof(*d));
}

/* RFC 9110, 5.6.2. "Transfer-Encoding :" is one header to us and another to a proxy. */
static bool
is_token(const char *name)
{
	static const char others[] = "!#$%&'*+.^_`|~0123456789";
	const char *at = name;

	/* Most are letters and hyphens; strspn() would set up a table for each name. */
	while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '-' ||
	    (*at != '\0' && strchr(others, *at) != NULL))
		at++;
	return at > name && *at == '\0';
}

void
door_header_add(struct door_headers *h, const char *name, const char *value)
{
	if (!is_token(name))
		h->malformed = true;
	for (int i = 0; i < DOOR_NAMES; i++) {
		/* the first letter in either case tells most of them apart */
		if (((name[0] ^ names[i][0]) & ~0x20) != 0 || strcasecmp(name, names[i]) != 0)
			continue;
		if (value == NULL)
			value = "";
		if (i == DOOR_IF_NONE_MATCH && h->h[i].count < DOOR_TAG_LINES_MAX)
			h->tags[h->h[i].count] = value;
		if (h->h[i].count++ == 0)
			h->h[i].value = value;
		return;
	}
}

/* What is said twice can be read two ways. */
static int
check_once(const struct door_headers *h, struct problem *p)
{
	static const enum door_name once[] = {DOOR_HOST, DOOR_ORIGIN, DOOR_AUTHORIZATION,
	    DOOR_CONTENT_LENGTH, DOOR_TRANSFER_ENCODING, DOOR_CONTENT_TYPE,
	    DOOR_CONTENT_ENCODING, DOOR_SEC_FETCH_SITE, DOOR_ASK_METHOD};

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		if (h->h[once[i]].count > 1)
			return problem_set(p, 400, names[once[i]], "%s came more than once.",
			    names[once[i]]);
	}
	return 0;
}

static int
check_framing(const struct door_headers *h, struct problem *p)
{
	const char *length = h->h[DOOR_CONTENT_LENGTH].value;
	const char *encoding = h->h[DOOR_TRANSFER_ENCODING].value;

	if (h->malformed)
		return problem_set(p, 400, NULL, "A header has a name that is none.");
	if (length != NULL && (*length == '\0' || strspn(length, "0123456789") != strlen(length) ||
	    strlen(length) > 18))
		return problem_set(p, 400, "Content-Length", "Content-Length is not a number.");
	if (encoding != NULL && length != NULL)
		return problem_set(p, 400, "Transfer-Encoding",
		    "Content-Length and Transfer-Encoding came together.");
	if (encoding != NULL && strcasecmp(encoding, "chunked") != 0)
		return problem_set(p, 400, "Transfer-Encoding",
		    "The only transfer encoding here is chunked.");
	return 0;
}

bool
door_framing_is_bad(const struct door_headers *h)
{
	struct problem p;

	return h->malformed || h->h[DOOR_CONTENT_LENGTH].count > 1 ||
	    h->h[DOOR_TRANSFER_ENCODING].count > 1 || check_framing(h, &p) != 0;
}

int64_t
door_length(const struct door_headers *h)
{
	const char *at = h->h[DOOR_CONTENT_LENGTH].value;
	int64_t n = 0;

	if (at == NULL)
		return -1;
	for (; *at >= '0' && *at <= '9' && n < INT64_MAX / 10 - 9; at++)
		n = n * 10 + (*at - '0');
	return n;
}

/* The name in Host without its port; false if the port is none. */
static bool
host_name(const char *host, size_t *len)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
	const char *port;

	if (host[0] == '[' && end == NULL)
		return false;
	end = end != NULL ? end + 1 : host + strcspn(host, ":");
	*len = (size_t)(end - host);
	if (*end == '\0')
		return true;
	port = end + 1;
	return *end == ':' && strlen(port) <= 5 && strspn(port, "0123456789") == strlen(port);
}

static bool
same_name(const char *known, const char *name, size_t len)
{
	return strlen(known) == len && strncasecmp(known, name, len) == 0;
}

static int
check_host(const struct door *d, const struct door_headers *h, struct problem *p)
{
	static const char *const always[] = {"localhost", "127.0.0.1", "[::1]"};
	const char *host = h->h[DOOR_HOST].value;
	size_t len;

	if (host == NULL || *host == '\0')
		return problem_set(p, 400, "Host", "A request must carry one Host.");
	if (!host_name(host, &len))
		return problem_set(p, 421, "Host", "Host is not a name and a port.");
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		if (same_name(always[i], host, len))
			return 0;
	}
	for (size_t i = 0; i < d->hosts_len; i++) {
		if (same_name(d->hosts[i], host, len))
			return 0;
	}
	return problem_set(p, 421, "Host", "This is not the server of that name.");
}

static const char *
configured_origin(const struct door *d, const char *origin)
{
	for (size_t i = 0; i < d->origins_len; i++) {
		if (strcasecmp(d->origins[i], origin) == 0)
			return d->origins[i];
	}
	return NULL;
}

/* The page came from us: its origin is what Host says, and Host was found to be ours. */
static bool
own_origin(const char *origin, const char *host)
{
	static const char scheme[] = "http://";

	return host != NULL && strncasecmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
	    strcasecmp(origin + sizeof(scheme) - 1, host) == 0;
}

static int
check_origin(enum api_listener from, const struct door_headers *h, bool configured,
    struct problem *p)
{
	const char *origin = h->h[DOOR_ORIGIN].value;
	const char *site = h->h[DOOR_SEC_FETCH_SITE].value;
	/* On the Unix socket Host is not looked at, so it proves nothing. */
	const char *host = from == API_LISTEN_UNIX ? NULL : h->h[DOOR_HOST].value;

	if (configured)
		return 0;
	if (origin != NULL && !own_origin(origin, host))
		return problem_set(p, 403, "Origin", "Pages of this origin may not ask.");
	/* an image or a link on any page sends no Origin, but this */
	if (site != NULL && (strcasecmp(site, "cross-site") == 0 ||
	    strcasecmp(site, "same-site") == 0))
		return problem_set(p, 403, "Sec-Fetch-Site", "Pages of other sites may not ask.");
	return 0;
}

bool
door_same_secret(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), n = la > lb ? la : lb;
	volatile unsigned char differs = (unsigned char)(la != lb);

	for (size_t i = 0; i < n; i++) {
		unsigned char ca = (unsigned char)a[i < la ? i : la];
		unsigned char cb = (unsigned char)b[i < lb ? i : lb];

		differs = (unsigned char)(differs | (ca ^ cb));
	}
	return differs == 0;
}

static int
check_token(const struct door *d, const struct door_headers *h, struct problem *p)
{
	static const char scheme[] = "Bearer ";
	const char *value = h->h[DOOR_AUTHORIZATION].value;

	if (value == NULL || strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
		return problem_set(p, 401, "Authorization", "A bearer token is needed here.");
	value += sizeof(scheme) - 1;
	value += strspn(value, " ");
	if (d->token == NULL || !door_same_secret(d->token, value))
		return problem_set(p, 401, "Authorization", "This token is not the one.");
	return 0;
}

int
door_check(const struct door *d, enum api_listener from, const struct door_headers *h,
    const char **cors, struct problem *p)
{
	const char *origin = h->h[DOOR_ORIGIN].value;

	*cors = NULL;
	if (check_once(h, p) != 0 || check_framing(h, p) != 0)
		return -EINVAL;
	if (from != API_LISTEN_UNIX && check_host(d, h, p) != 0)
		return -EINVAL;
	if (origin != NULL)
		*cors = configured_origin(d, origin);
	if (check_origin(from, h, *cors != NULL, p) != 0)
		return -EINVAL;
	if (from == API_LISTEN_REMOTE)
		return check_token(d, h, p);
	return 0;
}

static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t n = sizeof(json) - 1;

	if (type == NULL || strncasecmp(type, json, n) != 0)
		return false;
	type += n;
	type += strspn(type, " \t");
	return *type == '\0' || *type == ';';
}

int
door_check_body(const struct door_headers *h, struct problem *p)
{
	const char *encoding = h->h[DOOR_CONTENT_ENCODING].value;

	if (!is_json(h->h[DOOR_CONTENT_TYPE].value))
		return problem_set(p, 415, "Content-Type", "A body must be application/json.");
	if (encoding != NULL && strcasecmp(encoding, "identity") != 0)
		return problem_set(p, 415, "Content-Encoding", "A body must not be encoded.");
	if (door_length(h) > DOOR_BODY_MAX)
		return problem_set(p, 413, NULL, "A body may have %d bytes at most.",
		    DOOR_BODY_MAX);
	return 0;
}
