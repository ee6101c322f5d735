/* SPDX-License-Identifier: ISC */
/* URLs by libcurl's parser. */
#include "daemon/gateway/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

/* What a part of `u` is, as text of at most URL_MAX - 1. */
static int
part(CURLU *u, CURLUPart what, unsigned flags, char out[URL_MAX])
{
	char *text = NULL;
	int error = -EINVAL;

	if (curl_url_get(u, what, &text, flags) == CURLUE_OK && strlen(text) < URL_MAX) {
		strcpy(out, text);
		error = 0;
	}
	curl_free(text);
	return error;
}

static bool
is_http(CURLU *u)
{
	char scheme[URL_MAX];

	return part(u, CURLUPART_SCHEME, 0, scheme) == 0 &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
}

int
url_resolve(const char *base, const char *relative, size_t len, char out[URL_MAX])
{
	char text[URL_MAX], whole[URL_MAX];
	CURLU *u;
	int error = -EINVAL;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, relative, len);
	text[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)text[i]) || text[i] == '"')
			return -EINVAL;
	}
	u = curl_url();
	if (u != NULL && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, text, CURLU_URLENCODE) == CURLUE_OK && is_http(u) &&
	    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK)
		error = part(u, CURLUPART_URL, 0, whole);
	curl_url_cleanup(u);
	if (error == 0)
		memcpy(out, whole, sizeof(whole));
	return error;
}

int
url_origin(const char *url, char out[URL_MAX])
{
	char scheme[URL_MAX], host[URL_MAX], port[URL_MAX];
	CURLU *u = curl_url();
	int error = -EINVAL;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK && is_http(u) &&
	    part(u, CURLUPART_SCHEME, 0, scheme) == 0 && part(u, CURLUPART_HOST, 0, host) == 0 &&
	    part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port) == 0 &&
	    snprintf(out, URL_MAX, "%s://%s:%s", scheme, host, port) < URL_MAX)
		error = 0;
	curl_url_cleanup(u);
	for (char *c = out; error == 0 && *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return error;
}

const char *
url_ending(const char *url, size_t len)
{
	static const char *const known[] = {".ts", ".m4s", ".mp4", ".m4v", ".m4a", ".aac", ".vtt",
	    ".webvtt", ".cmfv", ".cmfa", ".ac3", ".ec3", ".mp3"};
	size_t end = 0;

	while (end < len && url[end] != '?' && url[end] != '#')
		end++;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i]);

		if (end > n && strncmp(url + end - n, known[i], n) == 0)
			return known[i];
	}
	return "";
}
