/* SPDX-License-Identifier: ISC */
/* The table of settings, and what a row is good for. */
#include "daemon/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/values.h"

#define SECONDS(n) (INT64_C(1000000) * (n))
#define MINUTES(n) SECONDS(60 * (n))
#define HOURS(n) MINUTES(60 * (n))
#define DAYS(n) HOURS(24 * (n))
#define YEARS(n) DAYS(365 * (n))
#define AT(field) offsetof(struct conf, field)
#define PRESET(...) (const char *const[]) { __VA_ARGS__, NULL }

/* Public checks of connectivity, made and documented for just this use, each by another
 * operator, so that one silent target is never taken for a silent link. */
#define PRESET_TARGETS \
	PRESET("latency=http://connectivitycheck.gstatic.com/generate_204", \
	    "latency=http://detectportal.firefox.com/success.txt", \
	    "latency=http://nmcheck.gnome.org/check_network_status.txt", \
	    "download=https://speed.cloudflare.com/__down?bytes={bytes}", \
	    "upload=https://speed.cloudflare.com/__up")

const struct setting settings[] = {
	{ "listen", CONF_LISTENS, AT(listen), 0, 0, PRESET("127.0.0.1:8790", "[::1]:8790"),
	    "Addresses that answer HTTP. Beyond loopback a token-file is needed." },
	{ "socket", CONF_PATH, AT(socket), 0, 107, NULL,
	    "The Unix socket; none: no such socket. Preset: in the runtime directory." },
	{ "database", CONF_PATH, AT(database), 0, 0, NULL,
	    "The history. Preset: in the state directory." },
	{ "interface", CONF_INTERFACE, AT(interface), 0, 0, NULL,
	    "The interface to measure. Preset: the one of the default route." },
	{ "probe", CONF_TARGETS, AT(probe), 0, 0, PRESET_TARGETS,
	    "What to measure with; none: only what is seen and told." },
	{ "probe-interval", CONF_DURATION, AT(probe_interval_us), SECONDS(1), HOURS(1),
	    PRESET("2s"), "Time between latency requests to your own targets." },
	{ "stranger-interval", CONF_DURATION, AT(stranger_interval_us), SECONDS(30), DAYS(1),
	    PRESET("30s"), "The same for a target that is not your own, but in a stall." },
	{ "download-interval", CONF_DURATION, AT(download_interval_us), SECONDS(5), DAYS(1),
	    PRESET("30s"), "Shortest time between two downloads that measure." },
	{ "upload-interval", CONF_DURATION, AT(upload_interval_us), SECONDS(5), DAYS(7),
	    PRESET("5min"), "Shortest time between two uploads that measure." },
	{ "probe-timeout", CONF_DURATION, AT(probe_timeout_us), SECONDS(1), MINUTES(1),
	    PRESET("10s"), "A request is given up after so long without an answer." },
	{ "probe-proxy", CONF_PROXY, AT(probe_proxy), 0, 0, NULL,
	    "The HTTP proxy that requests go by. Preset: none." },
	{ "kernel", CONF_SWITCH, AT(kernel), 0, 0, PRESET("true"),
	    "Learn from this host's own TCP connections, as the kernel counts them." },
	{ "budget-hour", CONF_SIZE, AT(budget_hour_bytes), 0, INT64_C(1000000000000),
	    PRESET("4MB"), "Most bytes that measuring may move in an hour." },
	{ "budget-day", CONF_SIZE, AT(budget_day_bytes), 0, INT64_C(10000000000000),
	    PRESET("10MB"), "Most bytes that measuring may move in a day." },
	{ "budget-day-metered", CONF_SIZE, AT(budget_metered_bytes), 0, INT64_C(10000000000000),
	    PRESET("1MB"), "The same while the connection is metered." },
	{ "metered", CONF_METERED, AT(metered), 0, 0, PRESET("auto"),
	    "Is the connection metered? auto: ask NetworkManager." },
	{ "allowed-host", CONF_HOSTS, AT(allowed_host), 0, 0, NULL,
	    "Further names that a request may carry in Host." },
	{ "allowed-origin", CONF_ORIGINS, AT(allowed_origin), 0, 0, NULL,
	    "Web origins whose pages may ask, as http://localhost:3000." },
	{ "token-file", CONF_PATH, AT(token_file), 0, 0, NULL,
	    "Holds the secret that requests from other hosts must show." },
	{ "webhook", CONF_HOOKS, AT(webhook), 0, 0, NULL,
	    "Who is told of changes, by POST: URL secret-file=PATH and more words." },
	{ "connections-max", CONF_COUNT, AT(connections_max), 8, 100000, PRESET("1280"),
	    "Most connections of one listening address." },
	{ "streams-max", CONF_COUNT, AT(streams_max), 1, 10000, PRESET("1024"),
	    "Most event streams and waiting requests in all." },
	{ "keep-seconds", CONF_DURATION, AT(keep_seconds_us), HOURS(1), YEARS(20), PRESET("7d"),
	    "How long estimates of seconds are kept." },
	{ "keep-minutes", CONF_DURATION, AT(keep_minutes_us), HOURS(1), YEARS(20),
	    PRESET("90d"), "How long sums of minutes are kept." },
	{ "keep-hours", CONF_DURATION, AT(keep_hours_us), HOURS(1), YEARS(20), PRESET("5y"),
	    "How long sums of hours are kept." },
	{ "keep-observations", CONF_DURATION, AT(keep_observations_us), HOURS(1), YEARS(20),
	    PRESET("3d"), "How long observations are kept." },
	{ "keep-events", CONF_DURATION, AT(keep_events_us), HOURS(1), YEARS(20), PRESET("5y"),
	    "How long events are kept." },
	{ "keep-size", CONF_SIZE, AT(keep_size_bytes), INT64_C(10000000),
	    INT64_C(1000000000000), PRESET("100MB"),
	    "Most bytes of the whole history; what is the least needed goes first." },
	{ "log-level", CONF_LEVEL, AT(log_level), 0, 0, PRESET("info"),
	    "What is logged: error, warn, info or debug." },
};

const size_t settings_len = sizeof settings / sizeof settings[0];
_Static_assert(sizeof settings / sizeof settings[0] <= CONF_SETTINGS_MAX,
    "a setting without a place for its origin");

static void *
field(struct conf *c, const struct setting *s)
{
	return (char *)c + s->at;
}

const struct setting *
setting_find(const char *name, size_t len)
{
	for (size_t i = 0; i < settings_len; i++)
		if (strlen(settings[i].name) == len &&
		    memcmp(settings[i].name, name, len) == 0)
			return &settings[i];
	return NULL;
}

/* Levenshtein's distance, one row at a time. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[64];

	assert(b_len < 64);
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_len];
}

const char *
setting_near(const char *name, size_t len)
{
	const char *best = NULL;
	size_t least = len / 3 + 2; /* beyond that a suggestion is noise */

	if (len > 64)
		return NULL;
	for (size_t i = 0; i < settings_len; i++) {
		const char *other = settings[i].name;
		size_t d = distance(name, len, other, strlen(other));

		if (d < least) {
			least = d;
			best = other;
		}
	}
	return best;
}

bool
setting_is_list(const struct setting *s)
{
	return s->type == CONF_LISTENS || s->type == CONF_TARGETS || s->type == CONF_HOSTS ||
	    s->type == CONF_ORIGINS || s->type == CONF_HOOKS;
}

void
setting_quote(char *out, size_t cap, const char *text, size_t len)
{
	size_t room = cap - 3; /* two quotes and the end */

	assert(cap > 8);
	*out++ = '"';
	for (size_t i = 0; i < len && i < room; i++) {
		bool cut = len > room && i + 2 >= room;
		bool control = (unsigned char)text[i] < ' ' || text[i] == 0x7f;

		*out++ = cut ? '.' : control ? '?' : text[i];
	}
	*out++ = '"';
	*out = '\0';
}

static int
take_list(struct conf *c, const struct setting *s, bool own, const char *value)
{
	void *at = field(c, s);

	switch (s->type) {
	case CONF_LISTENS:
		return value_add_listen(at, value, own);
	case CONF_TARGETS:
		return value_add_target(at, value, own);
	case CONF_HOSTS:
		return value_add_host(at, value);
	case CONF_ORIGINS:
		return value_add_origin(at, value);
	case CONF_HOOKS:
		return value_add_hook(at, value);
	default:
		assert(setting_is_list(s));
		return -EINVAL;
	}
}

static int
take_number(int64_t *at, const struct setting *s, const char *value)
{
	int64_t n = 0;
	int err;

	switch (s->type) {
	case CONF_DURATION:
		err = value_duration(value, &n);
		break;
	case CONF_SIZE:
		err = value_size(value, &n);
		break;
	case CONF_COUNT:
		err = value_count(value, &n);
		break;
	case CONF_METERED:
		return value_metered(value, at);
	case CONF_SWITCH:
		return value_switch(value, at);
	default:
		return value_level(value, at);
	}
	if (err != 0)
		return err;
	if (n < s->min || n > s->max)
		return -EINVAL;
	*at = n;
	return 0;
}

int
setting_take(struct conf *c, const struct setting *s, enum conf_origin origin,
    const char *value, char *why, size_t why_len)
{
	char allowed[256], quoted[160];
	int err;

	if (setting_is_list(s)) {
		if (strcmp(value, "none") == 0)
			err = 0;
		else
			err = take_list(c, s, origin != CONF_PRESET, value);
	} else if (s->type == CONF_PATH) {
		err = value_path(field(c, s), s->max > 0 ? (size_t)s->max : CONF_TEXT_MAX,
		    value, strcmp(s->name, "socket") == 0);
	} else if (s->type == CONF_PROXY) {
		err = value_proxy(field(c, s), value);
	} else if (s->type == CONF_INTERFACE) {
		err = value_interface(field(c, s), sizeof c->interface, value);
	} else {
		err = take_number(field(c, s), s, value);
	}
	if (err == 0) {
		c->origin[s - settings] = origin;
		return 0;
	}
	setting_quote(quoted, sizeof quoted, value, strlen(value));
	if (err == -ENOSPC)
		(void)snprintf(allowed, sizeof allowed, "more values than there is room for");
	else if (err == -EEXIST)
		(void)snprintf(allowed, sizeof allowed, "%s is there twice", quoted);
	else if (err == -ENOMEM)
		(void)snprintf(allowed, sizeof allowed, "out of memory");
	else
		setting_allowed(s, allowed, sizeof allowed);
	if (err == -EINVAL)
		(void)snprintf(why, why_len, "%s: %s is not allowed; allowed: %s", s->name,
		    quoted, allowed);
	else
		(void)snprintf(why, why_len, "%s: %s", s->name, allowed);
	return -EINVAL;
}

void
setting_clear(struct conf *c, const struct setting *s)
{
	void *at = field(c, s);

	switch (s->type) {
	case CONF_LISTENS:
		((struct conf_listens *)at)->len = 0;
		break;
	case CONF_TARGETS:
		((struct conf_targets *)at)->len = 0;
		break;
	case CONF_HOOKS:
		((struct conf_hooks *)at)->len = 0;
		break;
	case CONF_HOSTS:
	case CONF_ORIGINS:
		value_free_names(at);
		break;
	default:
		break;
	}
}

void
setting_preset(struct conf *c, const struct setting *s)
{
	char why[CONF_WHY_MAX];

	setting_clear(c, s);
	if (s->type == CONF_PATH || s->type == CONF_INTERFACE || s->type == CONF_PROXY)
		((char *)field(c, s))[0] = '\0';
	for (size_t i = 0; s->preset != NULL && s->preset[i] != NULL; i++) {
		int err = setting_take(c, s, CONF_PRESET, s->preset[i], why, sizeof why);

		assert(err == 0);
		(void)err;
	}
	c->origin[s - settings] = CONF_PRESET;
}
