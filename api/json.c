/* SPDX-License-Identifier: ISC */
/* Writes JSON into a bounded buffer. */
#include "api/json.h"

#include <assert.h>
#include <string.h>

#include "api/rows.h"

void
jw_init(struct jw *w, struct buf *out)
{
	w->out = out;
	w->comma = false;
}

static void
before_value(struct jw *w)
{
	if (w->comma)
		buf_char(w->out, ',');
	w->comma = true;
}

void
jw_open(struct jw *w, char bracket)
{
	assert(bracket == '{' || bracket == '[');
	before_value(w);
	buf_char(w->out, bracket);
	w->comma = false;
}

void
jw_close(struct jw *w, char bracket)
{
	assert(bracket == '}' || bracket == ']');
	buf_char(w->out, bracket);
	w->comma = true;
}

/* Keys are our own words: nothing in them needs escaping. */
void
jw_key(struct jw *w, const char *key)
{
	before_value(w);
	buf_char(w->out, '"');
	buf_text(w->out, key);
	buf_bytes(w->out, "\":", 2);
	w->comma = false;
}

static bool
is_tail(const char *at, size_t len, size_t i)
{
	return i < len && ((unsigned char)at[i] & 0xc0) == 0x80;
}

/* RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t
utf8_length(const char *at, size_t len)
{
	unsigned char first, second;

	if (len == 0)
		return 0;
	first = (unsigned char)at[0];
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4 || !is_tail(at, len, 1))
		return 0;
	second = (unsigned char)at[1];
	if (first < 0xe0)
		return 2;
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ||
	    !is_tail(at, len, 2))
		return 0;
	if (first < 0xf0)
		return 3;
	return is_tail(at, len, 3) ? 4 : 0;
}

static void
escape(struct buf *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = c == 0 ? NULL : strchr(from, c);
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	if (known != NULL) {
		text[1] = to[known - from];
		buf_bytes(out, text, 2);
	} else {
		buf_bytes(out, text, 6);
	}
}

void
jw_text_n(struct jw *w, const char *text, size_t len)
{
	size_t plain = 0, i = 0;

	before_value(w);
	buf_char(w->out, '"');
	while (i < len) {
		unsigned char c = (unsigned char)text[i];
		size_t n = utf8_length(text + i, len - i);

		if (n != 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			i += n;
			continue;
		}
		buf_bytes(w->out, text + plain, i - plain);
		if (n == 0)
			buf_text(w->out, "\xef\xbf\xbd");
		else
			escape(w->out, c);
		plain = ++i;
	}
	buf_bytes(w->out, text + plain, len - plain);
	buf_char(w->out, '"');
}

void
jw_text(struct jw *w, const char *text)
{
	jw_text_n(w, text, strlen(text));
}

void
jw_int(struct jw *w, int64_t n)
{
	if (n == API_UNKNOWN) {
		jw_null(w);
		return;
	}
	before_value(w);
	buf_int(w->out, n);
}

void
jw_fixed(struct jw *w, int64_t n, unsigned decimals)
{
	if (n == API_UNKNOWN) {
		jw_null(w);
		return;
	}
	before_value(w);
	buf_fixed(w->out, n, decimals);
}

void
jw_time(struct jw *w, int64_t wall_us)
{
	if (wall_us == API_UNKNOWN) {
		jw_null(w);
		return;
	}
	before_value(w);
	buf_char(w->out, '"');
	buf_time(w->out, wall_us);
	buf_char(w->out, '"');
}

void
jw_bool(struct jw *w, bool yes)
{
	before_value(w);
	buf_text(w->out, yes ? "true" : "false");
}

void
jw_null(struct jw *w)
{
	before_value(w);
	buf_bytes(w->out, "null", 4);
}

void
jw_key_open(struct jw *w, const char *key, char bracket)
{
	jw_key(w, key);
	jw_open(w, bracket);
}

void
jw_key_text(struct jw *w, const char *key, const char *text)
{
	jw_key(w, key);
	if (text == NULL || text[0] == '\0')
		jw_null(w);
	else
		jw_text(w, text);
}

void
jw_key_int(struct jw *w, const char *key, int64_t n)
{
	jw_key(w, key);
	jw_int(w, n);
}

void
jw_key_fixed(struct jw *w, const char *key, int64_t n, unsigned decimals)
{
	jw_key(w, key);
	jw_fixed(w, n, decimals);
}

void
jw_key_time(struct jw *w, const char *key, int64_t wall_us)
{
	jw_key(w, key);
	jw_time(w, wall_us);
}

void
jw_key_bool(struct jw *w, const char *key, bool yes)
{
	jw_key(w, key);
	jw_bool(w, yes);
}

void
jw_key_null(struct jw *w, const char *key)
{
	jw_key(w, key);
	jw_null(w);
}
