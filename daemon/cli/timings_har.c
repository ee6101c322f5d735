/* SPDX-License-Identifier: ISC */
/* The entries of an HTTP Archive (http://www.softwareishard.com/blog/har-12-spec/). */
#include "daemon/cli/timings.h"

#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "daemon/cli/moment.h"

static double
number(const json_t *object, const char *key)
{
	const json_t *n = json_object_get(object, key);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

/* -1 stands for "does not apply" in a HAR. */
static double
span(const json_t *timings, const char *key)
{
	double ms = number(timings, key);

	return ms > 0 ? ms : 0;
}

const json_t *
timings_har_entries(const json_t *har)
{
	const json_t *entries = json_object_get(json_object_get(har, "log"), "entries");

	return json_is_array(entries) ? entries : NULL;
}

/* Bytes of the body as they came over the line, as well as the archive tells. */
static double
body_bytes(const json_t *response)
{
	const json_t *content = json_object_get(response, "content");
	double body = number(response, "bodySize"), moved = number(response, "_transferSize");
	double size = number(content, "size"), saved = number(content, "compression");

	if (body >= 0)
		return body;
	if (moved > 0)
		return moved;
	if (size >= 0)
		return saved > 0 && saved < size ? size - saved : size;
	return (double)NAN;
}

static bool
over_http(const json_t *request)
{
	const char *url = json_string_value(json_object_get(request, "url"));

	return url != NULL &&
	    (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
}

/* Chrome's net errors; NULL: it says nothing of a network. */
static const char *
error_of(const json_t *response)
{
	static const char *const known[][2] = {
		{ "NAME_NOT_RESOLVED", "dns" },
		{ "NAME_RESOLUTION", "dns" },
		{ "TIMED_OUT", "timeout" },
		{ "REFUSED", "refused" },
		{ "RESET", "reset" },
		{ "CONNECTION_CLOSED", "reset" },
		{ "EMPTY_RESPONSE", "reset" },
		{ "SSL", "tls" },
		{ "CERT", "tls" },
	};
	const char *error = json_string_value(json_object_get(response, "_error"));

	if (error == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strstr(error, known[i][0]) != NULL)
			return known[i][1];
	}
	return NULL;
}

static void
set_ms(json_t *o, const char *name, double ms)
{
	json_object_set_new(o, name, json_real(round(ms * 1e3) / 1e3));
}

/* Queueing ("blocked") is the browser's own; the request's time starts behind it. */
static void
set_times(json_t *o, const json_t *timings)
{
	double connect = span(timings, "dns") + span(timings, "connect"); /* TLS is inside */
	double first = connect + span(timings, "send") + span(timings, "wait");

	set_ms(o, "duration_ms", first + span(timings, "receive"));
	if (number(timings, "wait") >= 0)
		set_ms(o, "ttfb_ms", first);
	if (number(timings, "connect") >= 0)
		set_ms(o, "connect_ms", connect);
	else
		json_object_set_new(o, "connect_ms", json_integer(0)); /* a kept connection */
}

static int
set_end(json_t *o, const json_t *entry)
{
	const char *started = json_string_value(json_object_get(entry, "startedDateTime"));
	double time = number(entry, "time");
	int64_t us;

	if (started == NULL || moment_parse_rfc3339(started, &us) != 0 || !(time >= 0) || time > 1e9)
		return -1;
	json_object_set_new(o, "ended_at",
	    json_string(moment_rfc3339(us + (int64_t)(time * 1e3)).s));
	return 0;
}

json_t *
timings_of_har_entry(const json_t *entry, const char **why)
{
	const json_t *request = json_object_get(entry, "request");
	const json_t *response = json_object_get(entry, "response");
	const json_t *timings = json_object_get(entry, "timings");
	double status = number(response, "status"), down = body_bytes(response);
	double up = number(request, "bodySize");
	const char *error = error_of(response);
	json_t *o;

	*why = NULL;
	if (!over_http(request) || (!(status > 0) && error == NULL))
		return NULL;
	*why = "it has no timings";
	if (!json_is_object(timings))
		return NULL;
	*why = "it has no size";
	if (!isfinite(down) && error == NULL)
		return NULL;
	o = json_object();
	*why = "its start is no time";
	if (set_end(o, entry) != 0) {
		json_decref(o);
		return NULL;
	}
	if (up > 0 && !(down >= up))
		json_object_set_new(o, "direction", json_string("up"));
	json_object_set_new(o, "bytes",
	    json_integer((json_int_t)(up > 0 && !(down >= up) ? up : down > 0 ? down : 0)));
	set_times(o, timings);
	if (json_object_get(entry, "_fromCache") != NULL)
		json_object_set_new(o, "from_cache", json_true());
	if (error == NULL && status >= 400)
		error = "http";
	if (error != NULL) {
		json_object_set_new(o, "ok", json_false());
		json_object_set_new(o, "error", json_string(error));
		if (!(status > 0))
			json_object_del(o, "ttfb_ms");
	}
	return o;
}
