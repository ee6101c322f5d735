/* SPDX-License-Identifier: ISC */
/* Reads times: RFC 3339, Unix seconds, ages, and a few words. */
#include "api/when.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define DAY_S INT64_C(86400)
#define END_OF_9999_S INT64_C(253402300799)

/* Exactly `digits` digits as a number; moves on. */
static bool
take_digits(const char **at, int digits, int *out)
{
	int n = 0;

	for (int i = 0; i < digits; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9')
			return false;
		n = n * 10 + (c - '0');
	}
	*at += digits;
	*out = n;
	return true;
}

static bool
take_char(const char **at, const char *any_of)
{
	if (**at == '\0' || strchr(any_of, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

/* ".250" as microseconds; digits beyond the sixth are dropped. Nothing there: 0. */
static bool
take_fraction(const char **at, int64_t *us)
{
	int64_t unit = SECOND_US / 10;

	*us = 0;
	if (!take_char(at, "."))
		return true;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*us += (**at - '0') * unit;
	return true;
}

struct date {
	int y, m, d;
};

static bool
take_date(const char **at, struct date *out)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap;

	if (!take_digits(at, 4, &out->y) || !take_char(at, "-") || !take_digits(at, 2, &out->m) ||
	    !take_char(at, "-") || !take_digits(at, 2, &out->d))
		return false;
	leap = (out->y % 4 == 0 && out->y % 100 != 0) || out->y % 400 == 0;
	return out->y >= 1 && out->m >= 1 && out->m <= 12 && out->d >= 1 &&
	    out->d <= days[out->m - 1] + (out->m == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01: the inverse of the algorithm that buf_time uses. */
static int64_t
days_from(const struct date *date)
{
	int64_t y = date->m <= 2 ? date->y - 1 : date->y;
	int64_t era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (date->m + (date->m > 2 ? -3 : 9)) + 2) / 5 + date->d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool
take_offset(const char **at, int64_t *seconds)
{
	bool west = **at == '-';
	int h, m;

	*seconds = 0;
	if (take_char(at, "Zz"))
		return true;
	if (!take_char(at, "+- ") || !take_digits(at, 2, &h) || !take_char(at, ":") ||
	    !take_digits(at, 2, &m) || h > 23 || m > 59)
		return false;
	*seconds = (west ? -1 : 1) * (h * 3600 + m * 60);
	return true;
}

int
when_rfc3339(const char *text, int64_t *out)
{
	const char *at = text;
	struct date date;
	int h, m, s;
	int64_t us, offset;

	if (!take_date(&at, &date) || !take_char(&at, "Tt ") || !take_digits(&at, 2, &h) ||
	    !take_char(&at, ":") || !take_digits(&at, 2, &m) || !take_char(&at, ":") ||
	    !take_digits(&at, 2, &s) || !take_fraction(&at, &us) || !take_offset(&at, &offset) ||
	    *at != '\0')
		return -EINVAL;
	if (h > 23 || m > 59 || s > 60) /* 60: a leap second is the next one */
		return -EINVAL;
	*out = (days_from(&date) * DAY_S + h * 3600 + m * 60 + s - offset) * SECOND_US + us;
	return 0;
}

/* Midnight of this host's time zone, `back` days before the day of `wall_us`. */
static int
local_midnight(int64_t wall_us, int back, int64_t *out)
{
	time_t t = (time_t)(wall_us / SECOND_US);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return -EINVAL;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= back;
	tm.tm_isdst = -1;
	*out = (int64_t)mktime(&tm) * SECOND_US;
	return 0;
}

static int
local_date(const struct date *date, int64_t *out)
{
	struct tm tm = {
		.tm_year = date->y - 1900,
		.tm_mon = date->m - 1,
		.tm_mday = date->d,
		.tm_isdst = -1,
	};

	*out = (int64_t)mktime(&tm) * SECOND_US;
	return 0;
}

/* Digits only, at most `most`. */
static bool
take_whole(const char **at, int64_t most, int64_t *out)
{
	int64_t n = 0;

	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		n = n * 10 + (**at - '0');
		if (n > most)
			return false;
	}
	*out = n;
	return true;
}

static int
parse_age(const char *at, int64_t now_wall_us, int64_t *out)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = {1, 60, 3600, DAY_S, 7 * DAY_S};
	const char *unit;
	int64_t n, age_s;

	if (!take_whole(&at, INT64_C(1000000000), &n) || *at == '\0')
		return -EINVAL;
	unit = strchr(units, *at);
	if (unit == NULL || at[1] != '\0')
		return -EINVAL;
	age_s = n * seconds[unit - units];
	if (age_s > now_wall_us / SECOND_US)
		return -EINVAL; /* before 1970 */
	*out = now_wall_us - age_s * SECOND_US;
	return 0;
}

int
when_parse(const char *text, int64_t now_wall_us, int64_t *out)
{
	const char *at = text;
	struct date date;
	int64_t s, us;

	if (strcmp(text, "now") == 0) {
		*out = now_wall_us;
		return 0;
	}
	if (strcmp(text, "today") == 0)
		return local_midnight(now_wall_us, 0, out);
	if (strcmp(text, "yesterday") == 0)
		return local_midnight(now_wall_us, 1, out);
	if (*at == '-')
		return parse_age(at + 1, now_wall_us, out);
	if (take_date(&at, &date) && *at == '\0')
		return local_date(&date, out);
	at = text;
	if (take_whole(&at, END_OF_9999_S, &s) && take_fraction(&at, &us) && *at == '\0') {
		*out = s * SECOND_US + us;
		return 0;
	}
	return when_rfc3339(text, out);
}
