/* SPDX-License-Identifier: ISC */
/* Instants as people write and read them. */
#include "daemon/cli/moment.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

int64_t
moment_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * SECOND_US + ts.tv_nsec / 1000;
}

static bool
broken_down(int64_t us, bool utc, struct tm *out)
{
	time_t t = (time_t)(us / SECOND_US - (us % SECOND_US < 0));

	return (utc ? gmtime_r(&t, out) : localtime_r(&t, out)) != NULL;
}

static int64_t
seconds_of(struct tm *tm, bool utc)
{
	tm->tm_isdst = -1;
	return utc ? timegm(tm) : mktime(tm);
}

/* Takes `digits` digits off *p; -1 where they are not there. */
static int
take(const char **p, int digits)
{
	int n = 0;

	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)**p))
			return -1;
		n = n * 10 + (*(*p)++ - '0');
	}
	return n;
}

/* HH:MM[:SS[.fraction]]; the fraction in microseconds. */
static int
take_clock(const char **p, struct tm *tm, int64_t *fraction_us)
{
	int64_t unit = SECOND_US / 10;

	tm->tm_sec = 0;
	*fraction_us = 0;
	if ((tm->tm_hour = take(p, 2)) < 0 || tm->tm_hour > 23 || *(*p)++ != ':' ||
	    (tm->tm_min = take(p, 2)) < 0 || tm->tm_min > 59)
		return -EINVAL;
	if (**p != ':')
		return 0;
	(*p)++;
	if ((tm->tm_sec = take(p, 2)) < 0 || tm->tm_sec > 60)
		return -EINVAL;
	if (**p != '.')
		return 0;
	(*p)++;
	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	for (; isdigit((unsigned char)**p); (*p)++, unit /= 10)
		*fraction_us += (**p - '0') * unit;
	return 0;
}

/* Z or +01:00; false where there is neither. */
static bool
take_zone(const char **p, int *minutes)
{
	int sign = **p == '-' ? -1 : 1;
	int h, m;

	if (toupper((unsigned char)**p) == 'Z') {
		(*p)++;
		*minutes = 0;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if ((h = take(p, 2)) < 0 || h > 23 || *(*p)++ != ':' || (m = take(p, 2)) < 0 || m > 59)
		return false;
	*minutes = sign * (h * 60 + m);
	return true;
}

static int
take_date(const char **p, struct tm *tm)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = take(p, 4);
	int month, day;

	if (year < 1970 || *(*p)++ != '-' || (month = take(p, 2)) < 1 || month > 12 ||
	    *(*p)++ != '-' || (day = take(p, 2)) < 1 || day > days[month - 1])
		return -EINVAL;
	if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
		return -EINVAL;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return 0;
}

/* A date, perhaps with a time and a zone. `zone_must` is RFC 3339's own rule. */
static int
parse_date(const char *p, bool utc, bool zone_must, int64_t *out_us)
{
	struct tm tm = { .tm_isdst = -1 };
	int64_t fraction = 0;
	int minutes = 0;
	bool zone = false;

	if (take_date(&p, &tm) != 0)
		return -EINVAL;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		p++;
		if (take_clock(&p, &tm, &fraction) != 0)
			return -EINVAL;
		zone = take_zone(&p, &minutes);
	}
	if (*p != '\0' || (zone_must && !zone))
		return -EINVAL;
	*out_us = (seconds_of(&tm, utc || zone) - minutes * 60) * SECOND_US + fraction;
	return 0;
}

int
moment_parse_rfc3339(const char *text, int64_t *out_us)
{
	return parse_date(text, true, true, out_us);
}

int
moment_parse_length(const char *text, int64_t *out_us)
{
	char *end;
	double n, unit;

	if (!isdigit((unsigned char)*text) || strspn(text, "0123456789.smhd") != strlen(text))
		return -EINVAL;
	n = strtod(text, &end);
	if (*end != '\0' && end[1] != '\0')
		return -EINVAL;
	switch (*end) {
	case '\0':
	case 's':
		unit = 1;
		break;
	case 'm':
		unit = 60;
		break;
	case 'h':
		unit = 3600;
		break;
	case 'd':
		unit = 86400;
		break;
	default:
		return -EINVAL;
	}
	if (n * unit > 1e10)
		return -EINVAL;
	*out_us = (int64_t)(n * unit * 1e6);
	return 0;
}

static int64_t
midnight(int64_t now_us, bool utc, int days_back)
{
	struct tm tm;

	if (!broken_down(now_us, utc, &tm))
		return now_us;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days_back; /* mktime brings the month right */
	return seconds_of(&tm, utc) * SECOND_US;
}

static int
parse_clock(const char *p, int64_t now_us, bool utc, int64_t *out_us)
{
	struct tm tm;
	int64_t fraction;

	if (!broken_down(now_us, utc, &tm) || take_clock(&p, &tm, &fraction) != 0 || *p != '\0')
		return -EINVAL;
	*out_us = seconds_of(&tm, utc) * SECOND_US + fraction;
	return 0;
}

int
moment_parse(const char *text, int64_t now_us, bool utc, int64_t *out_us)
{
	int64_t length;

	if (strcmp(text, "now") == 0)
		*out_us = now_us;
	else if (strcmp(text, "today") == 0)
		*out_us = midnight(now_us, utc, 0);
	else if (strcmp(text, "yesterday") == 0)
		*out_us = midnight(now_us, utc, 1);
	/* a bare number would be anybody's guess: seconds ago, or since 1970? */
	else if (*text != '\0' && !isdigit((unsigned char)text[strlen(text) - 1]) &&
	    moment_parse_length(text + (*text == '-'), &length) == 0)
		*out_us = now_us - length;
	else if (parse_clock(text, now_us, utc, out_us) != 0)
		return parse_date(text, utc, false, out_us);
	return 0;
}

struct words
moment_rfc3339(int64_t us)
{
	struct words w = { "" };
	struct tm tm;
	size_t n;

	if (!broken_down(us, true, &tm))
		return w;
	n = strftime(w.s, sizeof w.s, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(w.s + n, sizeof w.s - n, ".%03dZ",
	    (int)(((us % SECOND_US) + SECOND_US) % SECOND_US / 1000));
	return w;
}

struct words
moment_words(int64_t us, int64_t now_us, bool utc)
{
	struct words w = { "unknown" };
	struct tm then, now;
	bool today;

	if (us == MOMENT_UNKNOWN || !broken_down(us, utc, &then) ||
	    !broken_down(now_us, utc, &now))
		return w;
	today = then.tm_year == now.tm_year && then.tm_yday == now.tm_yday;
	if (utc)
		strftime(w.s, sizeof w.s, today ? "%H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S UTC", &then);
	else
		strftime(w.s, sizeof w.s, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &then);
	return w;
}

struct words
moment_ago(int64_t us, int64_t now_us)
{
	if (us == MOMENT_UNKNOWN)
		return words_age((double)NAN);
	/* two clocks, or one that was set: what is ahead is "just now" */
	if (us > now_us)
		us = now_us;
	return words_age((double)(now_us - us) / 1e3);
}
