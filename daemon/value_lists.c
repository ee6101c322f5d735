/* SPDX-License-Identifier: ISC */
/* Values of settings that are lists: addresses, targets, hosts, origins. */
#include "daemon/values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static int
take_port(const char *text, in_port_t *port)
{
	int64_t n;

	if (value_count(text, &n) != 0 || n > 65535)
		return -EINVAL;
	*port = htons((uint16_t)n);
	return 0;
}

static int
take_v6(const char *text, struct conf_listen *out)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
	const char *end = strchr(text, ']');
	char host[INET6_ADDRSTRLEN];
	size_t len;

	if (end == NULL || end[1] != ':')
		return -EINVAL;
	len = (size_t)(end - text) - 1;
	if (len >= sizeof host)
		return -EINVAL;
	memcpy(host, text + 1, len);
	host[len] = '\0';
	if (inet_pton(AF_INET6, host, &a.sin6_addr) != 1 || take_port(end + 2, &a.sin6_port))
		return -EINVAL;
	out->loopback = IN6_IS_ADDR_LOOPBACK(&a.sin6_addr);
	memcpy(&out->addr, &a, sizeof a);
	out->addr_len = sizeof a;
	return 0;
}

static int
take_v4(const char *text, struct conf_listen *out)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];
	size_t len;

	if (colon == NULL)
		return -EINVAL;
	len = (size_t)(colon - text);
	if (len >= sizeof host)
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1 || take_port(colon + 1, &a.sin_port))
		return -EINVAL;
	out->loopback = (ntohl(a.sin_addr.s_addr) >> 24) == 127;
	memcpy(&out->addr, &a, sizeof a);
	out->addr_len = sizeof a;
	return 0;
}

int
value_add_listen(struct conf_listens *list, const char *text, bool asked)
{
	struct conf_listen one = { .asked = asked };

	if (strlen(text) >= sizeof one.text ||
	    (text[0] == '[' ? take_v6(text, &one) : take_v4(text, &one)) != 0)
		return -EINVAL;
	memcpy(one.text, text, strlen(text) + 1);
	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->at[i].text, text) == 0)
			return -EEXIST;
	if (list->len == CONF_LISTEN_MAX)
		return -ENOSPC;
	list->at[list->len++] = one;
	return 0;
}

static bool
starts(const char *text, const char *with, const char **rest)
{
	size_t len = strlen(with);

	if (strncmp(text, with, len) != 0)
		return false;
	*rest = text + len;
	return true;
}

/* A host must be there; a name and password in front of it must not: they would be logged. */
bool
value_is_url(const char *url)
{
	const char *host;
	size_t len;

	if (!starts(url, "http://", &host) && !starts(url, "https://", &host))
		return false;
	len = strcspn(host, "/?#");
	if (len == 0 || host[0] == ':' || memchr(host, '@', len) != NULL)
		return false;
	return value_is_plain(url) && strpbrk(url, " \"<>\\^`|") == NULL;
}

int
value_proxy(char *out, const char *text)
{
	const char *host;

	if (strcmp(text, "none") == 0) {
		out[0] = '\0';
		return 0;
	}
	if (strlen(text) > CONF_TEXT_MAX)
		return -EINVAL;
	if (strcmp(text, "environment") != 0 &&
	    (!value_is_url(text) || !starts(text, "http://", &host) || host[strcspn(host, "/?#")] != '\0'))
		return -EINVAL;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

int
value_add_target(struct conf_targets *list, const char *text, bool own)
{
	struct conf_target one = { .kind = CONF_LATENCY, .own = own };
	const char *url = text, *hole;

	if (starts(text, "download=", &url))
		one.kind = CONF_DOWNLOAD;
	else if (starts(text, "upload=", &url))
		one.kind = CONF_UPLOAD;
	else
		(void)starts(text, "latency=", &url);
	if (strlen(url) >= sizeof one.url || !value_is_url(url))
		return -EINVAL;
	hole = strstr(url, "{bytes}");
	if ((one.kind == CONF_DOWNLOAD) != (hole != NULL) ||
	    (hole != NULL && strstr(hole + 1, "{bytes}") != NULL))
		return -EINVAL;
	memcpy(one.url, url, strlen(url) + 1);
	for (size_t i = 0; i < list->len; i++)
		if (list->at[i].kind == one.kind && strcmp(list->at[i].url, one.url) == 0)
			return -EEXIST;
	if (list->len == CONF_TARGETS_MAX)
		return -ENOSPC;
	list->at[list->len++] = one;
	return 0;
}

static int
add_name(struct conf_names *list, const char *text)
{
	char *copy;

	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->at[i], text) == 0)
			return -EEXIST;
	if (list->len == CONF_NAMES_MAX)
		return -ENOSPC;
	copy = strdup(text);
	if (copy == NULL)
		return -ENOMEM;
	list->at[list->len++] = copy;
	return 0;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_CHARS LETTERS "0123456789.-_"

/* A name, an IPv4 address, or an IPv6 address in brackets: how long it is, 0 if none. */
static size_t
host_len(const char *text)
{
	struct in6_addr ignored;
	char inner[INET6_ADDRSTRLEN];
	const char *end;
	size_t len;

	if (text[0] != '[')
		return strspn(text, NAME_CHARS);
	end = strchr(text, ']');
	if (end == NULL || (size_t)(end - text) > sizeof inner)
		return 0;
	len = (size_t)(end - text) - 1;
	memcpy(inner, text + 1, len);
	inner[len] = '\0';
	return inet_pton(AF_INET6, inner, &ignored) == 1 ? len + 2 : 0;
}

int
value_add_host(struct conf_names *list, const char *text)
{
	size_t len = host_len(text);

	if (len == 0 || len > 253 || text[len] != '\0')
		return -EINVAL;
	return add_name(list, text);
}

int
value_add_origin(struct conf_names *list, const char *text)
{
	const char *host = strstr(text, "://");
	in_port_t ignored;
	size_t len;

	/* Any scheme: the pages of a browser extension have one of their own. */
	if (host == NULL || host == text ||
	    strspn(text, LETTERS "0123456789+.-") != (size_t)(host - text))
		return -EINVAL;
	host += 3;
	len = host_len(host);
	if (len == 0 || len > 253)
		return -EINVAL;
	if (host[len] == ':' && take_port(host + len + 1, &ignored) == 0)
		return add_name(list, text);
	return host[len] == '\0' ? add_name(list, text) : -EINVAL;
}

void
value_free_names(struct conf_names *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->at[i]);
	list->len = 0;
}
