/* SPDX-License-Identifier: ISC */
/* Requests by libcurl's multi interface on the loop. */
#include "daemon/gateway/fetch.h"

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#define UNREAD_MAX ((size_t)256 * 1024) /* of the bodies of errors and redirects */
#define DAEMON_MS 5000L /* no answer of the daemon is waited for longer */

struct fetcher {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct curl_slist *headers;
	char *origin[FETCH_ORIGINS_MAX];
	size_t origins;
	struct fetch *first;
};

struct fetch {
	struct fetcher *f;
	struct fetch *next;
	CURL *easy;
	struct curl_slist *headers; /* of this one: for the daemon */
	struct fetch_events events;
	struct fetch_info info;
	char url[URL_MAX];
	char error[CURL_ERROR_SIZE];
	int redirects;
	size_t unread;
	bool head_told, paused;
};

/* --- origins --------------------------------------------------------------------------- */

bool
fetcher_allows(const struct fetcher *f, const char *url)
{
	char origin[URL_MAX];

	if (url_origin(url, origin) != 0)
		return false;
	for (size_t i = 0; i < f->origins; i++) {
		if (strcmp(f->origin[i], origin) == 0)
			return true;
	}
	return false;
}

int
fetcher_allow(struct fetcher *f, const char *url)
{
	char origin[URL_MAX];

	if (url_origin(url, origin) != 0)
		return -EINVAL;
	if (fetcher_allows(f, url))
		return 0;
	if (f->origins == FETCH_ORIGINS_MAX)
		return -ENOSPC;
	f->origin[f->origins] = strdup(origin);
	if (f->origin[f->origins] == NULL)
		return -ENOMEM;
	f->origins++;
	return 0;
}

/* --- what comes --------------------------------------------------------------------------- */

static void
take_off(struct fetch *f)
{
	struct fetch **at = &f->f->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	curl_multi_remove_handle(f->f->multi, f->easy);
	curl_easy_cleanup(f->easy);
	curl_slist_free_all(f->headers);
	free(f);
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;

	(void)data;
	f->info.last_us = loop_now_us(f->f->loop);
	if (f->info.ttfb_us < 0)
		f->info.ttfb_us = f->info.last_us - f->info.begun_us;
	return size * count;
}

static bool
tell_head(struct fetch *f)
{
	curl_off_t length = -1;
	long status = 0;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(f->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	f->info.status = (int)status;
	f->info.length = (int64_t)length;
	f->head_told = true;
	return status >= 300 || f->events.head == NULL || f->events.head(f->events.ctx, &f->info);
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t len = size * count, taken;

	if (!f->head_told && !tell_head(f))
		return 0;
	f->info.last_us = loop_now_us(f->f->loop);
	if (f->info.status >= 300) { /* nobody reads that, so it may as well have no end */
		f->unread += len;
		return f->unread <= UNREAD_MAX ? len : 0;
	}
	taken = f->events.body(f->events.ctx, data, len);
	if (taken == FETCH_PAUSE) {
		f->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	f->info.bytes += (int64_t)taken;
	return taken;
}

/* --- the end ------------------------------------------------------------------------------- */

static enum fetch_error
error_of(CURLcode code, int status)
{
	switch (code) {
	case CURLE_OK:
		return status >= 400 ? FETCH_STATUS : FETCH_OK;
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_SILENT;
	case CURLE_WRITE_ERROR:
		return status >= 400 ? FETCH_STATUS : FETCH_STOPPED;
	default:
		return FETCH_BROKEN;
	}
}

/* One that is allowed is followed. True: it goes on. */
static bool
follow(struct fetch *f)
{
	const char *to = NULL;

	curl_easy_getinfo(f->easy, CURLINFO_REDIRECT_URL, &to);
	if (to == NULL || strlen(to) >= URL_MAX || ++f->redirects > FETCH_REDIRECTS_MAX ||
	    !fetcher_allows(f->f, to)) {
		f->info.error = FETCH_REFUSED;
		snprintf(f->info.text, sizeof(f->info.text), "redirected to %.120s",
		    to != NULL ? to : "nowhere");
		return false;
	}
	strcpy(f->url, to);
	curl_multi_remove_handle(f->f->multi, f->easy);
	curl_easy_setopt(f->easy, CURLOPT_URL, f->url);
	f->head_told = false;
	if (curl_multi_add_handle(f->f->multi, f->easy) == CURLM_OK)
		return true;
	f->info.error = FETCH_BROKEN;
	return false;
}

static void
on_end(struct fetch *f, CURLcode code)
{
	struct fetch_events events = f->events;
	struct fetch_info info;
	char url[URL_MAX];

	if (!f->head_told && code == CURLE_OK && !tell_head(f))
		code = CURLE_WRITE_ERROR;
	f->info.error = error_of(code, f->info.status);
	if (f->info.error == FETCH_STATUS)
		snprintf(f->info.text, sizeof(f->info.text), "answered with status %d",
		    f->info.status);
	else if (f->info.error != FETCH_OK)
		snprintf(f->info.text, sizeof(f->info.text), "%.150s",
		    f->error[0] != '\0' ? f->error : curl_easy_strerror(code));
	if (code == CURLE_OK && f->info.status >= 300 && f->info.status < 400 && follow(f))
		return;
	info = f->info;
	memcpy(url, f->url, sizeof(url));
	info.url = url;
	take_off(f);
	events.end(events.ctx, &info);
}

static void
read_messages(struct fetcher *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		struct fetch *of = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &of);
		on_end(of, code);
	}
}

/* --- the loop -------------------------------------------------------------------------------- */

static void
on_ready(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct fetcher *f = arg;
	int running, mask = 0;

	(void)now_us;
	mask |= what & LOOP_READ ? CURL_CSELECT_IN : 0;
	mask |= what & LOOP_WRITE ? CURL_CSELECT_OUT : 0;
	curl_multi_socket_action(f->multi, fd, mask, &running);
	read_messages(f);
}

static int
on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
	struct fetcher *f = arg;
	struct loop_watch *w = watch;
	unsigned flags = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		loop_watch_destroy(w);
		curl_multi_assign(f->multi, fd, NULL);
		return 0;
	}
	flags |= what & CURL_POLL_IN ? LOOP_READ : 0;
	flags |= what & CURL_POLL_OUT ? LOOP_WRITE : 0;
	if (w != NULL) {
		loop_watch_set(w, flags);
		return 0;
	}
	if (loop_watch_create(f->loop, fd, flags, on_ready, f, &w) != 0)
		return -1;
	curl_multi_assign(f->multi, fd, w);
	return 0;
}

static void
on_timeout(void *arg, int64_t now_us)
{
	struct fetcher *f = arg;
	int running;

	(void)now_us;
	curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	read_messages(f);
}

static int
on_timer_wanted(CURLM *multi, long ms, void *arg)
{
	struct fetcher *f = arg;

	(void)multi;
	if (ms < 0)
		loop_timer_stop(f->timer);
	else
		loop_timer_set(f->timer, (int64_t)ms * 1000); /* 0 too: never from within */
	return 0;
}

int
fetcher_create(struct loop *loop, const char *const *headers, struct fetcher **out)
{
	struct fetcher *f;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	f->loop = loop;
	f->multi = curl_multi_init();
	if (f->multi == NULL || loop_timer_create(loop, on_timeout, f, &f->timer) != 0) {
		if (f->multi != NULL)
			curl_multi_cleanup(f->multi);
		free(f);
		return -ENOMEM;
	}
	for (; headers != NULL && *headers != NULL; headers++) {
		struct curl_slist *more = curl_slist_append(f->headers, *headers);

		f->headers = more != NULL ? more : f->headers;
	}
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, 8L);
	*out = f;
	return 0;
}

void
fetcher_destroy(struct fetcher *f)
{
	if (f == NULL)
		return;
	while (f->first != NULL)
		take_off(f->first);
	curl_multi_cleanup(f->multi);
	loop_timer_destroy(f->timer);
	curl_slist_free_all(f->headers);
	for (size_t i = 0; i < f->origins; i++)
		free(f->origin[i]);
	free(f);
	curl_global_cleanup();
}

/* --- one request ------------------------------------------------------------------------------ */

static bool
set_daemon(struct fetch *f, const struct fetch_order *o)
{
	const char *lines[] = {"Content-Type: application/json", "Expect:", o->authorization};
	CURL *e = f->easy;

	for (size_t i = 0; i < 3 && lines[i] != NULL; i++) {
		struct curl_slist *more = curl_slist_append(f->headers, lines[i]);

		if (more == NULL)
			return false;
		f->headers = more;
	}
	return curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, DAEMON_MS) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, o->socket) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HTTPHEADER, f->headers) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)strlen(o->json)) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, o->json) == CURLE_OK;
}

static bool
set_range(struct fetch *f, const struct fetch_order *o)
{
	char range[64];

	if (o->from == 0 && o->len < 0)
		return true;
	if (o->len < 0)
		snprintf(range, sizeof(range), "%lld-", (long long)o->from);
	else
		snprintf(range, sizeof(range), "%lld-%lld", (long long)o->from,
		    (long long)(o->from + o->len - 1));
	return curl_easy_setopt(f->easy, CURLOPT_RANGE, range) == CURLE_OK;
}

static bool
set_up(struct fetch *f, const struct fetch_order *o)
{
	CURL *e = f->easy;
	int bad = 0;

	bad += curl_easy_setopt(e, CURLOPT_URL, f->url) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PRIVATE, f) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PROXY, "") != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_USERAGENT, "linkq/" PACKAGE_VERSION) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_us / 1000)) !=
	    CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_ERRORBUFFER, f->error) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_HEADERDATA, f) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_WRITEDATA, f) != CURLE_OK;
	if (o->packed)
		bad += curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate") != CURLE_OK;
	if (o->to_daemon)
		return bad == 0 && set_daemon(f, o);
	bad += curl_easy_setopt(e, CURLOPT_HTTPHEADER, f->f->headers) != CURLE_OK;
	return bad == 0 && set_range(f, o);
}

int
fetch_start(struct fetcher *all, const struct fetch_order *o, const struct fetch_events *e,
    struct fetch **out)
{
	struct fetch *f;

	if (strlen(o->url) >= URL_MAX || !(o->to_daemon || fetcher_allows(all, o->url)))
		return -EACCES;
	f = calloc(1, sizeof(*f));
	if (f == NULL || (f->easy = curl_easy_init()) == NULL) {
		free(f);
		return -ENOMEM;
	}
	f->f = all;
	f->events = *e;
	strcpy(f->url, o->url);
	f->info = (struct fetch_info){.length = -1, .ttfb_us = -1,
	    .begun_us = loop_now_us(all->loop), .last_us = loop_now_us(all->loop)};
	f->next = all->first;
	all->first = f;
	if (!set_up(f, o) || curl_multi_add_handle(all->multi, f->easy) != CURLM_OK) {
		take_off(f);
		return -ENOMEM;
	}
	*out = f;
	return 0;
}

const struct fetch_info *
fetch_look(const struct fetch *f)
{
	return &f->info;
}

void
fetch_resume(struct fetch *f)
{
	if (!f->paused)
		return;
	f->paused = false;
	curl_easy_pause(f->easy, CURLPAUSE_CONT);
}

void
fetch_abort(struct fetch *f)
{
	if (f != NULL)
		take_off(f);
}
