/* SPDX-License-Identifier: ISC */
/* Text into bounded memory: integers, fixed point and times, without printf. */
#include "api/buf.h"

#include <assert.h>
#include <string.h>

/* Printing a row with printf costs eighteen times as much as this: two digits at a time. */
static const char pairs[] = "00010203040506070809"
			    "10111213141516171819"
			    "20212223242526272829"
			    "30313233343536373839"
			    "40414243444546474849"
			    "50515253545556575859"
			    "60616263646566676869"
			    "70717273747576777879"
			    "80818283848586878889"
			    "90919293949596979899";

/* A sign, the digits of UINT64_MAX, a point; and a time. */
_Static_assert(BUF_NUMBER_MAX >= 22 && BUF_NUMBER_MAX >= 24, "a number has room");

void
buf_init(struct buf *b, char *memory, size_t cap)
{
	assert(memory != NULL);
	b->at = memory;
	b->len = 0;
	b->cap = cap;
	b->overflow = false;
}

void
buf_bytes(struct buf *b, const void *from, size_t len)
{
	size_t room = b->cap - b->len;

	assert(b->len <= b->cap);
	if (len > room) {
		len = room;
		b->overflow = true;
	}
	if (len > 0)
		memcpy(b->at + b->len, from, len);
	b->len += len;
}

void
buf_text(struct buf *b, const char *text)
{
	buf_bytes(b, text, strlen(text));
}

void
buf_char(struct buf *b, char c)
{
	if (b->len == b->cap) {
		b->overflow = true;
		return;
	}
	b->at[b->len++] = c;
}

static uint64_t
magnitude(int64_t n)
{
	return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

/* The digits of u end at `end`; returns where they begin. */
static char *
digits_before(char *end, uint64_t u)
{
	while (u >= 100) {
		end -= 2;
		memcpy(end, pairs + 2 * (u % 100), 2);
		u /= 100;
	}
	if (u >= 10) {
		end -= 2;
		memcpy(end, pairs + 2 * u, 2);
	} else {
		*--end = (char)('0' + u);
	}
	return end;
}

static unsigned
count_digits(uint64_t u)
{
	unsigned n = 1;

	for (; u >= 10000; u /= 10000)
		n += 4;
	return n + (u >= 10) + (u >= 100) + (u >= 1000);
}

static char *
write_number(char *at, uint64_t u)
{
	char *end;

	if (u < 10) {
		*at = (char)('0' + u);
		return at + 1;
	}
	end = at + count_digits(u);
	(void)digits_before(end, u);
	return end;
}

/* The digits behind the point, 0 < part < 10^decimals, without zeros at the end. */
static char *
write_fraction(char *at, unsigned part, unsigned decimals)
{
	*at = '.';
	while (part % 10 == 0) {
		part /= 10;
		decimals--;
	}
	for (unsigned i = decimals; i > 0; i--) {
		at[i] = (char)('0' + part % 10);
		part /= 10;
	}
	return at + decimals + 1;
}

char *
buf_write_fixed(char *at, int64_t n, unsigned decimals)
{
	static const uint64_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000,
	    100000000, 1000000000};
	uint64_t u = magnitude(n), whole;

	assert(decimals < sizeof(power) / sizeof(power[0]));
	if (n < 0)
		*at++ = '-';
	if (decimals == 0)
		return write_number(at, u);
	/* The usual one by a constant, which costs a multiplication. */
	whole = decimals == 3 ? u / 1000 : u / power[decimals];
	at = write_number(at, whole);
	u -= whole * power[decimals];
	return u > 0 ? write_fraction(at, (unsigned)u, decimals) : at;
}

void
buf_fixed(struct buf *b, int64_t n, unsigned decimals)
{
	char text[BUF_NUMBER_MAX];

	buf_bytes(b, text, (size_t)(buf_write_fixed(text, n, decimals) - text));
}

void
buf_int(struct buf *b, int64_t n)
{
	buf_fixed(b, n, 0);
}

/* A day since 1970-01-01 as year, month, day; after Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms": eras of 400 years that begin in March. */
static void
civil(int64_t day, unsigned *y, unsigned *m, unsigned *d)
{
	int64_t z = day + 719468;
	int64_t era = z / 146097; /* z >= 0: clamped by the caller */
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (unsigned)(era * 400) + yoe + (*m <= 2 ? 1 : 0);
}

static char *
two(char *at, unsigned n)
{
	memcpy(at, pairs + 2 * n, 2);
	return at + 2;
}

/* RFC 3339 has four digits of a year. */
#define YEAR_1_MS INT64_C(-62135596800000)
#define YEAR_9999_END_MS INT64_C(253402300799999)
#define DAY_MS INT64_C(86400000)

char *
buf_write_time(char *at, int64_t wall_us)
{
	int64_t ms = wall_us / 1000 - (wall_us % 1000 < 0 ? 1 : 0);
	unsigned y, m, d, of_day;
	int64_t day;

	if (ms < YEAR_1_MS)
		ms = YEAR_1_MS;
	if (ms > YEAR_9999_END_MS)
		ms = YEAR_9999_END_MS;
	day = ms / DAY_MS - (ms % DAY_MS < 0 ? 1 : 0);
	of_day = (unsigned)(ms - day * DAY_MS);
	civil(day, &y, &m, &d);
	at = two(two(at, y / 100), y % 100);
	*at++ = '-';
	at = two(at, m);
	*at++ = '-';
	at = two(at, d);
	*at++ = 'T';
	at = two(at, of_day / 3600000);
	*at++ = ':';
	at = two(at, of_day / 60000 % 60);
	*at++ = ':';
	at = two(at, of_day / 1000 % 60);
	*at++ = '.';
	*at++ = (char)('0' + of_day / 100 % 10);
	at = two(at, of_day % 100);
	*at++ = 'Z';
	return at;
}

void
buf_time(struct buf *b, int64_t wall_us)
{
	char text[BUF_NUMBER_MAX];

	buf_bytes(b, text, (size_t)(buf_write_time(text, wall_us) - text));
}
