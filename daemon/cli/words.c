/* SPDX-License-Identifier: ISC */
/* Numbers as people read them. */
#include "daemon/cli/words.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 1, 2))) static struct words
say(const char *format, ...)
{
	struct words w;
	va_list ap;

	va_start(ap, format);
	vsnprintf(w.s, sizeof w.s, format, ap);
	va_end(ap);
	return w;
}

static struct words
unknown(void)
{
	return say("unknown");
}

/* How many decimals leave about two digits that mean something. */
static int
decimals(double n)
{
	return n != 0 && fabs(n) < 9.95 ? 1 : 0;
}

static double
rate_unit(double kbps, const char **name)
{
	if (kbps >= 999.5e3) {
		*name = "Gbit/s";
		return 1e6;
	}
	if (kbps >= 999.5) {
		*name = "Mbit/s";
		return 1e3;
	}
	*name = "kbit/s";
	return 1;
}

/* kbit/s come as whole numbers; only larger units have decimals. */
static struct words
rate_number(double kbps, double unit)
{
	double n = kbps / unit;

	return say("%.*f", unit > 1 ? decimals(n) : 0, n);
}

struct words
words_kbps(double kbps)
{
	const char *name;
	double unit;

	if (!isfinite(kbps))
		return unknown();
	unit = rate_unit(kbps, &name);
	return say("%s %s", rate_number(kbps, unit).s, name);
}

struct words
words_band(double low, double high)
{
	const char *name;
	double unit;

	if (!isfinite(low) || !isfinite(high))
		return unknown();
	unit = rate_unit(high, &name);
	if (low < unit / 20) /* 0.0 Mbit/s would hide it */
		return say("%s to %s", words_kbps(low).s, words_kbps(high).s);
	return say("%s to %s %s", rate_number(low, unit).s, rate_number(high, unit).s, name);
}

struct words
words_ms(double ms)
{
	if (!isfinite(ms))
		return unknown();
	if (ms < 999.5)
		return say("%.*f ms", decimals(ms), ms);
	return words_s(ms / 1e3);
}

struct words
words_s(double s)
{
	long long n;

	if (!isfinite(s) || s < 0 || s > 1e12)
		return unknown();
	n = llround(s);
	if (s < 9.95 && llround(s * 10) != 10 * n)
		return say("%.1f s", s);
	if (n < 60)
		return say("%lld s", n);
	if (n < 3600)
		return n % 60 ? say("%lld min %lld s", n / 60, n % 60) : say("%lld min", n / 60);
	if (n < 86400) {
		n /= 60;
		return n % 60 ? say("%lld h %lld min", n / 60, n % 60) : say("%lld h", n / 60);
	}
	n /= 3600;
	return n % 24 ? say("%lld d %lld h", n / 24, n % 24) : say("%lld d", n / 24);
}

struct words
words_age(double ms)
{
	if (!isfinite(ms))
		return unknown();
	return ms < 50 ? say("just now") : say("%.80s ago", words_s(ms / 1e3).s);
}

struct words
words_bytes(double bytes)
{
	static const char *const unit[] = { "kB", "MB", "GB", "TB" };
	size_t i = 0;

	if (!isfinite(bytes))
		return unknown();
	if (bytes < 1000)
		return say("%.0f B", bytes);
	for (bytes /= 1000; bytes >= 999.5 && i + 1 < sizeof unit / sizeof unit[0]; i++)
		bytes /= 1000;
	return say("%.*f %s", decimals(bytes), bytes, unit[i]);
}

struct words
words_percent(double ratio)
{
	if (!isfinite(ratio))
		return unknown();
	ratio *= 100;
	if (ratio > 9.95 || llround(ratio * 10) == 10 * llround(ratio))
		return say("%.0f %%", ratio);
	return ratio < 0.05 ? say("%.3f %%", ratio) : say("%.1f %%", ratio);
}

struct words
words_capital(const char *text)
{
	struct words w = say("%s", text);

	w.s[0] = (char)toupper((unsigned char)w.s[0]);
	return w;
}

/* Bytes of the well-formed UTF-8 character at p; 0 where there is none. */
static size_t
utf8_len(const unsigned char *p)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 :
	    p[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0; /* the terminating NUL ends it here at the latest */
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

char *
words_clean(const char *text, char *out, size_t cap)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = 0;

	assert(cap > 0);
	while (*p != '\0') {
		size_t n = utf8_len(p);
		bool bad = n == 0 || *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0);

		if (len + (bad ? 1 : n) >= cap)
			break;
		if (bad)
			out[len++] = '?';
		else
			memcpy(out + len, p, n);
		len += bad ? 0 : n;
		p += n == 0 ? 1 : n;
	}
	out[len] = '\0';
	return out;
}
