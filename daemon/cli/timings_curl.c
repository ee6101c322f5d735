/* SPDX-License-Identifier: ISC */
/* What curl writes with -w '%{json}\n', as an observation. */
#include "daemon/cli/timings.h"

#include <math.h>
#include <stddef.h>

static double
number(const json_t *line, const char *key)
{
	const json_t *n = json_object_get(line, key);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

/* libcurl-errors(3); NULL: it went well. */
static const char *
error_of(int exitcode, double http_code)
{
	switch (exitcode) {
	case 0:
		return http_code >= 400 ? "http" : NULL;
	case 5: /* proxy */
	case 6:
		return "dns";
	case 28:
		return "timeout";
	case 35:
	case 51:
	case 53:
	case 54:
	case 58:
	case 59:
	case 60:
	case 64:
	case 66:
	case 77:
	case 80:
	case 82:
	case 83:
	case 90:
	case 91:
		return "tls";
	case 52: /* closed without an answer */
	case 55:
	case 56:
		return "reset";
	case 22: /* --fail */
		return "http";
	default:
		/* 7, too: it does not tell a refusal from a missing route */
		return "aborted";
	}
}

static void
set_ms(json_t *o, const char *name, double s)
{
	/* curl counts microseconds */
	json_object_set_new(o, name, json_real(round(s * 1e6) / 1e3));
}

json_t *
timings_of_curl(const json_t *line, const char **why)
{
	double down = number(line, "size_download"), up = number(line, "size_upload");
	double total = number(line, "time_total"), first = number(line, "time_starttransfer");
	double connect = number(line, "time_appconnect"), connects = number(line, "num_connects");
	double code = number(line, "http_code"), exitcode = number(line, "exitcode");
	const char *error;
	json_t *o;

	*why = "this is no line of curl -w '%{json}\\n'";
	if (!isfinite(total) || !isfinite(down) || total < 0 || down < 0)
		return NULL;
	o = json_object();
	error = error_of(isfinite(exitcode) ? (int)exitcode : 0, code);
	if (up > down)
		json_object_set_new(o, "direction", json_string("up"));
	json_object_set_new(o, "bytes", json_integer((json_int_t)(up > down ? up : down)));
	set_ms(o, "duration_ms", total);
	if (first > 0 && code > 0)
		set_ms(o, "ttfb_ms", first);
	if (!(connect > 0))
		connect = number(line, "time_connect");
	if (connects == 0 && code > 0)
		json_object_set_new(o, "connect_ms", json_integer(0)); /* a kept connection */
	else if (connect > 0)
		set_ms(o, "connect_ms", connect);
	if (error != NULL) {
		json_object_set_new(o, "ok", json_false());
		json_object_set_new(o, "error", json_string(error));
	}
	return o;
}
