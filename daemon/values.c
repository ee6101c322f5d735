/* SPDX-License-Identifier: ISC */
/* Values of settings: numbers with units, words and paths. */
#include "daemon/values.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "daemon/log.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = { /* largest first, for printing */
	{ "y", INT64_C(31536000000000) },
	{ "d", INT64_C(86400000000) },
	{ "h", INT64_C(3600000000) },
	{ "min", INT64_C(60000000) },
	{ "s", INT64_C(1000000) },
	{ "ms", INT64_C(1000) },
	{ "us", 1 },
};

static const struct unit sizes[] = {
	{ "TB", INT64_C(1000000000000) },
	{ "GiB", INT64_C(1) << 30 },
	{ "GB", INT64_C(1000000000) },
	{ "MiB", INT64_C(1) << 20 },
	{ "MB", INT64_C(1000000) },
	{ "KiB", INT64_C(1) << 10 },
	{ "kB", INT64_C(1000) },
	{ "B", 1 },
};

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits to a number; stops at what is none. -EINVAL: no digit, or too many. */
static int
digits(const char **at, int64_t *out)
{
	int64_t n = 0;

	if (!is_digit(**at))
		return -EINVAL;
	for (; is_digit(**at); (*at)++) {
		if (n > (INT64_MAX - 9) / 10)
			return -EINVAL;
		n = n * 10 + (**at - '0');
	}
	*out = n;
	return 0;
}

/* NUMBER[.FRACTION]UNIT, exactly: what does not come out whole is refused. */
static int
with_unit(const char *text, const struct unit *units, size_t units_len, int64_t *out)
{
	const char *at = text;
	int64_t whole, fraction = 0, scale = 1;
	size_t i;

	if (digits(&at, &whole) != 0)
		return -EINVAL;
	if (*at == '.') {
		const char *from = ++at;

		/* Three decimals keep the product below within 64 bits. */
		if (digits(&at, &fraction) != 0 || at - from > 3)
			return -EINVAL;
		for (const char *c = from; c < at; c++)
			scale *= 10;
	}
	if (*at == '\0' && whole == 0 && fraction == 0) {
		*out = 0;
		return 0;
	}
	for (i = 0; i < units_len && strcmp(at, units[i].name) != 0; i++)
		;
	if (i == units_len || whole > INT64_MAX / units[i].factor - 1)
		return -EINVAL;
	if (units[i].factor * fraction % scale != 0)
		return -EINVAL;
	*out = whole * units[i].factor + units[i].factor * fraction / scale;
	return 0;
}

int
value_duration(const char *text, int64_t *us)
{
	return with_unit(text, durations, LEN(durations), us);
}

int
value_size(const char *text, int64_t *bytes)
{
	return with_unit(text, sizes, LEN(sizes), bytes);
}

int
value_count(const char *text, int64_t *n)
{
	int64_t value;

	if (digits(&text, &value) != 0 || *text != '\0')
		return -EINVAL;
	*n = value;
	return 0;
}

int
value_level(const char *text, int64_t *level)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	for (size_t i = 0; i < LEN(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*level = (int64_t)i;
			return 0;
		}
	return -EINVAL;
}

int
value_metered(const char *text, int64_t *metered)
{
	int64_t on;

	if (strcmp(text, "auto") == 0) {
		*metered = CONF_METERED_AUTO;
		return 0;
	}
	if (value_switch(text, &on) != 0)
		return -EINVAL;
	*metered = on ? CONF_METERED_YES : CONF_METERED_NO;
	return 0;
}

int
value_switch(const char *text, int64_t *on)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return -EINVAL;
	*on = *text == 't';
	return 0;
}

static void
print_with_unit(char *out, size_t len, const struct unit *units, size_t units_len, int64_t n)
{
	size_t i = 0;

	assert(n >= 0);
	while (i + 1 < units_len && (n == 0 || n % units[i].factor != 0))
		i++;
	if (n == 0)
		(void)snprintf(out, len, "0");
	else
		(void)snprintf(out, len, "%lld%s", (long long)(n / units[i].factor),
		    units[i].name);
}

void
value_print_duration(char *out, size_t len, int64_t us)
{
	print_with_unit(out, len, durations, LEN(durations), us);
}

void
value_print_size(char *out, size_t len, int64_t bytes)
{
	print_with_unit(out, len, sizes, LEN(sizes), bytes);
}

/* No control character may come in: these texts go into logs, names and requests. */
bool
value_is_plain(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

int
value_path(char *out, size_t max, const char *text, bool none_allowed)
{
	size_t len = strlen(text);

	if (!(none_allowed && strcmp(text, "none") == 0) && text[0] != '/')
		return -EINVAL;
	if (len > max || text[len - 1] == '/' || !value_is_plain(text))
		return -EINVAL;
	memcpy(out, text, len + 1);
	return 0;
}

int
value_interface(char *out, size_t cap, const char *text)
{
	size_t len = strlen(text);

	/* As the kernel's dev_valid_name. */
	if (len == 0 || len >= cap || strpbrk(text, "/: ") != NULL || !value_is_plain(text) ||
	    strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return -EINVAL;
	memcpy(out, text, len + 1);
	return 0;
}
