/* SPDX-License-Identifier: ISC */
/* Talks to the daemon: HTTP by libcurl over a Unix socket or TCP. */
#include "config.h"

#include "daemon/cli/client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/find.h"
#include "daemon/cli/words.h"
#include "daemon/paths.h"

#define CONNECT_TIMEOUT_MS 5000L
#define TOKEN_MAX 1024
#define REFUSAL_MAX (64 * 1024)

struct client {
	struct find_place place[FIND_PLACES_MAX];
	int places, at; /* the place that is tried now */
	CURLM *multi;
	CURL *easy;
	bool deletes; /* a DELETE, not a GET */
	bool running;
	long answer_ms;
	const volatile sig_atomic_t *stop; /* NULL: nobody stops us */
	struct curl_slist *headers;
	char authorization[TOKEN_MAX + 32];
	char path[8192];
	char curl_error[CURL_ERROR_SIZE];
	char error[512];
	long status;
	client_chunk_fn *chunk;
	void *arg;
	int chunk_error;
	/* the body of a one-off request, or of a refusal */
	char *body;
	size_t body_len, body_max;
};

__attribute__((format(printf, 3, 4))) static int
failed(struct client *c, int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(c->error, sizeof c->error, format, ap);
	va_end(ap);
	return error;
}

/* The first line of the file; what is wrong is said in c->error. */
static int
read_token(struct client *c, const char *file)
{
	char token[TOKEN_MAX + 2];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return failed(c, -errno, "cannot read the token file %s: %s.", file, strerror(errno));
	n = read(fd, token, sizeof token - 1);
	close(fd);
	if (n < 0)
		return failed(c, -EIO, "cannot read the token file %s.", file);
	token[n] = '\0';
	token[strcspn(token, "\r\n")] = '\0';
	if (*token == '\0' || strlen(token) > TOKEN_MAX)
		return failed(c, -EINVAL, "the token file %s holds no token of 1 to %d characters.",
		    file, TOKEN_MAX);
	snprintf(c->authorization, sizeof c->authorization, "Authorization: Bearer %s", token);
	explicit_bzero(token, sizeof token);
	return 0;
}

struct client *
client_open(char **argv, int *status)
{
	struct client *c = calloc(1, sizeof *c);
	char runtime_socket[PATHS_MAX], why[300];

	if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    (c->multi = curl_multi_init()) == NULL || (c->easy = curl_easy_init()) == NULL) {
		*status = cli_fail(argv, "out of memory.");
		client_close(c);
		return NULL;
	}
	c->answer_ms = CLIENT_ANSWER_MS;
	if (paths_socket(runtime_socket, false, why, sizeof why) != 0)
		*runtime_socket = '\0'; /* the address may still answer */
	c->places = find_places(cli_common.connect, getenv("LINKQ_SOCKET"), runtime_socket,
	    c->place, why, sizeof why);
	if (c->places < 0) {
		*status = cli_usage(argv, "%s.", why);
		client_close(c);
		return NULL;
	}
	if (cli_common.token_file != NULL && read_token(c, cli_common.token_file) != 0) {
		*status = cli_fail(argv, "%s", c->error);
		client_close(c);
		return NULL;
	}
	return c;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	if (c->multi != NULL)
		client_stop(c);
	curl_easy_cleanup(c->easy);
	if (c->multi != NULL)
		curl_multi_cleanup(c->multi);
	curl_slist_free_all(c->headers);
	free(c->body);
	free(c);
	curl_global_cleanup();
}

void
client_be_brief(struct client *c, int ms, const volatile sig_atomic_t *stop)
{
	c->answer_ms = ms;
	c->stop = stop;
}

const char *
client_error(const struct client *c)
{
	return c->error;
}

long
client_status(const struct client *c)
{
	return c->status;
}

size_t
client_places(const struct client *c, const struct find_place **places,
    const char **authorization)
{
	*places = c->place;
	*authorization = c->authorization;
	return (size_t)c->places;
}

const char *
client_where(const struct client *c)
{
	return c->place[c->at].at;
}

int
client_complain(char **argv, const struct client *c, int error)
{
	cli_fail(argv, "%s", c->error);
	return error == -ECONNREFUSED ? CLI_UNREACHABLE : CLI_FAILED;
}

static int
keep(struct client *c, const char *data, size_t len)
{
	char *larger;

	if (c->body_len + len > c->body_max)
		return -EMSGSIZE;
	larger = realloc(c->body, c->body_len + len + 1);
	if (larger == NULL)
		return -ENOMEM;
	c->body = larger;
	memcpy(c->body + c->body_len, data, len);
	c->body_len += len;
	c->body[c->body_len] = '\0';
	return 0;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct client *c = arg;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
	if (c->status >= 200 && c->status < 300 && c->chunk != NULL)
		c->chunk_error = c->chunk(c->arg, data, size * n);
	else
		c->chunk_error = keep(c, data, size * n);
	return c->chunk_error == 0 ? size * n : 0;
}

/* Point the handle at place c->at and begin. */
static int
begin(struct client *c)
{
	const struct find_place *p = &c->place[c->at];
	char url[FIND_URL_MAX + sizeof c->path + 1];

	snprintf(url, sizeof url, "%s%s", p->is_socket ? "http://localhost" : p->at, c->path);
	/* libcurl copies both */
	curl_easy_setopt(c->easy, CURLOPT_UNIX_SOCKET_PATH, p->is_socket ? p->at : NULL);
	curl_easy_setopt(c->easy, CURLOPT_URL, url);
	*c->curl_error = '\0';
	if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
		return failed(c, -ENOMEM, "out of memory.");
	c->running = true;
	return 0;
}

static int
set_headers(struct client *c, bool post, const char *last_event_id)
{
	const char *lines[4];
	char id[160];
	size_t n = 0;

	curl_slist_free_all(c->headers);
	c->headers = NULL;
	if (*c->authorization != '\0')
		lines[n++] = c->authorization;
	if (post) {
		lines[n++] = "Content-Type: application/json";
		lines[n++] = "Expect:"; /* a local daemon needs no asking first */
	}
	if (last_event_id != NULL) {
		snprintf(id, sizeof id, "Last-Event-ID: %s", last_event_id);
		lines[n++] = id;
	}
	while (n > 0) {
		struct curl_slist *more = curl_slist_append(c->headers, lines[--n]);

		if (more == NULL)
			return failed(c, -ENOMEM, "out of memory.");
		c->headers = more;
	}
	return 0;
}

static int
start(struct client *c, const char *path, const char *post, size_t post_len,
    const char *last_event_id, client_chunk_fn *chunk, void *arg)
{
	CURL *e = c->easy;

	client_stop(c);
	curl_easy_reset(e);
	if (set_headers(c, post != NULL, last_event_id) != 0)
		return -ENOMEM;
	if ((size_t)snprintf(c->path, sizeof c->path, "%s", path) >= sizeof c->path)
		return failed(c, -EINVAL, "the request is too long.");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_USERAGENT, "linkq/" PACKAGE_VERSION);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->curl_error);
	if (chunk == NULL)
		curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, c->answer_ms);
	if (c->deletes)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, "DELETE");
	if (post != NULL) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, post);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)post_len);
	}
	c->chunk = chunk;
	c->arg = arg;
	c->chunk_error = 0;
	c->status = 0;
	c->at = 0;
	c->body_len = 0;
	c->body_max = chunk != NULL ? REFUSAL_MAX : CLIENT_BODY_MAX;
	*c->error = '\0';
	return begin(c);
}

int
client_start(struct client *c, const char *path, const char *last_event_id,
    client_chunk_fn *chunk, void *arg)
{
	assert(chunk != NULL);
	return start(c, path, NULL, 0, last_event_id, chunk, arg);
}

void
client_stop(struct client *c)
{
	if (c->running)
		curl_multi_remove_handle(c->multi, c->easy);
	c->running = false;
}

/* The daemon's own words (RFC 9457), or at least the number. */
static int
refused(struct client *c)
{
	json_t *doc = c->body_len > 0 ? json_loadb(c->body, c->body_len, 0, NULL) : NULL;
	const char *detail = json_string_value(json_object_get(doc, "detail"));
	const char *field = json_string_value(json_object_get(doc, "field"));
	char text[300], name[60];
	size_t len;

	if (detail == NULL)
		detail = json_string_value(json_object_get(doc, "title"));
	words_clean(detail != NULL ? detail : "", text, sizeof text);
	len = strlen(text);
	if (len > 0 && text[len - 1] == '.')
		text[len - 1] = '\0';
	if (*text == '\0' && c->status == 404)
		failed(c, -EPROTO, "this linkqd does not have %.*s.", (int)strcspn(c->path, "?"),
		    c->path);
	else if (*text == '\0')
		failed(c, -EPROTO, "linkqd answered with HTTP status %ld.", c->status);
	else if (field != NULL)
		failed(c, -EPROTO, "linkqd refused (%s): %s.",
		    words_clean(field, name, sizeof name), text);
	else
		failed(c, -EPROTO, "linkqd refused: %s.", text);
	json_decref(doc);
	return -EPROTO;
}

static int
unreachable(struct client *c, const char *why)
{
	char tried[2 * FIND_URL_MAX + 8];

	if (c->places == 1) /* the user said where: then why matters */
		return failed(c, -ECONNREFUSED, "no linkqd answers at %s (%s).", c->place[0].at, why);
	snprintf(tried, sizeof tried, "%s, %s", c->place[0].at, c->place[1].at);
	return failed(c, -ECONNREFUSED, "no linkqd answers; does it run? Tried: %s.", tried);
}

/* What became of the request. */
static int
ended(struct client *c, CURLcode code)
{
	const char *why = *c->curl_error != '\0' ? c->curl_error : curl_easy_strerror(code);

	long os_errno = 0;

	client_stop(c);
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (code == CURLE_COULDNT_CONNECT && os_errno != 0)
		why = strerror((int)os_errno);
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
		if (c->at + 1 < c->places) {
			c->at++;
			return begin(c) == 0 ? 1 : -ENOMEM;
		}
		return unreachable(c, why);
	}
	if (code == CURLE_OK && c->status >= 200 && c->status < 300)
		return 0;
	if (code == CURLE_OK)
		return refused(c);
	if (code == CURLE_WRITE_ERROR && c->chunk_error == -EMSGSIZE)
		return failed(c, -EPROTO, "the answer of linkqd is too large.");
	if (code == CURLE_WRITE_ERROR && c->chunk_error != 0)
		return failed(c, c->chunk_error, "what came could not be written: %s.",
		    strerror(-c->chunk_error));
	if (code == CURLE_OPERATION_TIMEDOUT && c->status == 0)
		return failed(c, -ECONNREFUSED, "linkqd at %s did not answer in time.",
		    client_where(c));
	if (c->status == 0) /* it took the connection and said nothing sensible */
		return failed(c, -ECONNREFUSED, "what answers at %s is no linkqd (%s).",
		    client_where(c), why);
	return failed(c, -EPIPE, "the answer of linkqd broke off (%s).", why);
}

int
client_wait(struct client *c, int ms, int fd)
{
	struct curl_waitfd extra = { .fd = fd, .events = CURL_WAIT_POLLIN };
	CURLMsg *msg;
	int left;

	assert(c->running);
	if (curl_multi_perform(c->multi, &left) != CURLM_OK)
		return failed(c, -ENOMEM, "out of memory.");
	if (left > 0) {
		curl_multi_poll(c->multi, fd >= 0 ? &extra : NULL, fd >= 0 ? 1 : 0, ms, NULL);
		curl_multi_perform(c->multi, &left);
	}
	while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (msg->msg == CURLMSG_DONE)
			return ended(c, msg->data.result);
	}
	return 1;
}

static int
fetch(struct client *c, const char *path, const char *post, size_t post_len, char **body)
{
	int r = start(c, path, post, post_len, NULL, NULL, NULL);

	if (r != 0)
		return r;
	while ((r = client_wait(c, 1000, -1)) == 1) {
		if (c->stop != NULL && *c->stop) {
			client_stop(c);
			return failed(c, -EINTR, "interrupted.");
		}
	}
	if (r != 0)
		return r;
	if (c->body == NULL && keep(c, "", 0) != 0)
		return failed(c, -ENOMEM, "out of memory.");
	c->body[c->body_len] = '\0';
	*body = c->body;
	c->body = NULL;
	c->body_len = 0;
	return 0;
}

int
client_get(struct client *c, const char *path, char **body)
{
	return fetch(c, path, NULL, 0, body);
}

int
client_post(struct client *c, const char *path, const char *json, size_t len, char **body)
{
	return fetch(c, path, json, len, body);
}

static int
parse(struct client *c, char *body, json_t **out)
{
	json_t *doc = json_loads(body, 0, NULL);

	free(body);
	if (doc == NULL)
		return failed(c, -EPROTO, "the answer of what listens at %s is not JSON.",
		    client_where(c));
	*out = doc;
	return 0;
}

int
client_get_json(struct client *c, const char *path, json_t **out)
{
	char *body;
	int r = client_get(c, path, &body);

	return r != 0 ? r : parse(c, body, out);
}

int
client_delete_json(struct client *c, const char *path, json_t **out)
{
	char *body;
	int r;

	c->deletes = true;
	r = client_get(c, path, &body);
	c->deletes = false;
	return r != 0 ? r : parse(c, body, out);
}

int
client_post_json(struct client *c, const char *path, const json_t *what, json_t **out)
{
	char *text = json_dumps(what, JSON_COMPACT | JSON_REAL_PRECISION(12));
	char *body;
	int r;

	if (text == NULL)
		return failed(c, -ENOMEM, "out of memory.");
	r = client_post(c, path, text, strlen(text), &body);
	free(text);
	return r != 0 ? r : parse(c, body, out);
}

char *
client_escape(struct client *c, const char *text)
{
	char *escaped = curl_easy_escape(c->easy, text, 0);
	char *copy = escaped != NULL ? strdup(escaped) : NULL;

	curl_free(escaped);
	return copy;
}
