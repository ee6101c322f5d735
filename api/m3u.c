/* SPDX-License-Identifier: ISC */
/* Lines, attribute lists and numbers of HLS playlists. */
#include "api/m3u.h"

#include <string.h>

bool
m3u_line(struct m3u_text *rest, struct m3u_text *line)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->at, '\n', rest->len);
	line->at = rest->at;
	line->len = end != NULL ? (size_t)(end - rest->at) : rest->len;
	rest->at += line->len + (end != NULL ? 1 : 0);
	rest->len -= line->len + (end != NULL ? 1 : 0);
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool
m3u_begins(const struct m3u_text *t, const char *with)
{
	size_t n = strlen(with);

	return t->len >= n && memcmp(t->at, with, n) == 0;
}

bool
m3u_is(const struct m3u_text *t, const char *word)
{
	return t->len == strlen(word) && m3u_begins(t, word);
}

bool
m3u_tag(const struct m3u_text *line, const char *tag, struct m3u_text *value)
{
	if (!m3u_begins(line, tag))
		return false;
	*value = (struct m3u_text){line->at + strlen(tag), line->len - strlen(tag)};
	return true;
}

bool
m3u_attribute(struct m3u_text *rest, struct m3u_text *name, struct m3u_text *value,
    bool *quoted)
{
	size_t i = 0, from;
	bool in_quotes;

	while (rest->len > 0 && (*rest->at == ' ' || *rest->at == ',')) {
		rest->at++;
		rest->len--;
	}
	while (i < rest->len && rest->at[i] != '=')
		i++;
	if (i == 0 || i == rest->len)
		return false;
	*name = (struct m3u_text){rest->at, i};
	from = ++i;
	in_quotes = i < rest->len && rest->at[i] == '"';
	if (in_quotes)
		from = ++i;
	while (i < rest->len && rest->at[i] != (in_quotes ? '"' : ','))
		i++;
	*value = (struct m3u_text){rest->at + from, i - from};
	i += in_quotes && i < rest->len ? 1 : 0;
	rest->at += i;
	rest->len -= i;
	if (quoted != NULL)
		*quoted = in_quotes;
	return true;
}

bool
m3u_integer(const struct m3u_text *t, int64_t most, int64_t *out)
{
	int64_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		int digit = t->at[i] - '0';

		if (digit < 0 || digit > 9 || n > (most - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return t->len > 0;
}

bool
m3u_decimal(const struct m3u_text *t, unsigned decimals, int64_t most, int64_t *out)
{
	int64_t n = 0;
	unsigned after = 0;
	bool point = false, digit = false;

	for (size_t i = 0; i < t->len; i++) {
		if (t->at[i] == '.' && !point && decimals > 0) {
			point = true;
			continue;
		}
		if (t->at[i] < '0' || t->at[i] > '9')
			return false;
		digit = true;
		if (point && after++ >= decimals)
			continue;
		n = n * 10 + (t->at[i] - '0');
		if (n > most)
			return false;
	}
	for (; after < decimals && n <= most; after++)
		n *= 10;
	if (!digit || n > most)
		return false;
	*out = n;
	return true;
}
