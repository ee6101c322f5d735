/* SPDX-License-Identifier: ISC */
/* The variables of HLS playlists. */
#include "api/m3u_variables.h"

#include <string.h>

static bool
same(const struct m3u_text *a, const struct m3u_text *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

static int
find(const struct m3u_variables *v, const struct m3u_text *name)
{
	for (size_t i = 0; i < v->len; i++) {
		if (same(&v->variable[i].name, name))
			return (int)i;
	}
	return -1;
}

bool
m3u_define(struct m3u_variables *v, struct m3u_text attributes)
{
	struct m3u_text name = {NULL, 0}, value = {NULL, 0}, key, text;
	bool foreign = false;

	while (m3u_attribute(&attributes, &key, &text, NULL)) {
		if (m3u_is(&key, "VALUE"))
			value = text;
		else if (m3u_is(&key, "NAME"))
			name = text;
		else if (m3u_is(&key, "QUERYPARAM") || m3u_is(&key, "IMPORT")) {
			name = text;
			foreign = true;
		}
	}
	if (name.len == 0 || (value.at == NULL && !foreign) || v->len == M3U_VARIABLES ||
	    find(v, &name) >= 0)
		return false;
	v->variable[v->len].name = name;
	v->variable[v->len].value = value;
	v->variable[v->len].foreign = foreign;
	v->len++;
	return true;
}

/* Where the next {$name} begins, and its name; the text's end where there is none. */
static size_t
next_reference(const struct m3u_text *p, struct m3u_text *name)
{
	const char *at = p->at, *end = p->at + p->len, *close;

	while ((at = memchr(at, '{', (size_t)(end - at))) != NULL) {
		if (end - at >= 2 && at[1] == '$' &&
		    (close = memchr(at, '}', (size_t)(end - at))) != NULL) {
			*name = (struct m3u_text){at + 2, (size_t)(close - at - 2)};
			return (size_t)(at - p->at);
		}
		at++;
	}
	return p->len;
}

int
m3u_expand(struct m3u_variables *v, struct m3u_text *rest, struct m3u_text *out)
{
	struct m3u_text name = {NULL, 0};
	size_t before, whole;
	int i;

	if (rest->len == 0)
		return 0;
	before = next_reference(rest, &name);
	if (before > 0) { /* what stands before it, or all there is */
		*out = (struct m3u_text){rest->at, before};
		rest->at += before;
		rest->len -= before;
		return 1;
	}
	i = find(v, &name);
	whole = name.len + 3;
	if (i < 0)
		return -1;
	*out = v->variable[i].foreign ? (struct m3u_text){rest->at, whole}
				      : v->variable[i].value;
	v->expanded += out->len;
	if (v->expanded > M3U_EXPANDED_MAX)
		return -1;
	rest->at += whole;
	rest->len -= whole;
	return 1;
}
