/* SPDX-License-Identifier: ISC */
/* A webhook as a setting: its URL, and what it is told, in words. */
#include "daemon/values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECONDS(n) (INT64_C(1000000) * (n))

static int
take_events(struct conf_hook *h, const char *text)
{
	h->state = strcmp(text, "state") == 0 || strcmp(text, "state,quality") == 0;
	h->quality = strcmp(text, "quality") == 0 || strcmp(text, "state,quality") == 0;
	return h->state || h->quality ? 0 : -EINVAL;
}

static int
take_time(const char *text, int64_t min, int64_t max, int64_t *out)
{
	int64_t us;

	if (value_duration(text, &us) != 0 || us < min || us > max)
		return -EINVAL;
	*out = us;
	return 0;
}

/* One NAME=VALUE behind the URL. */
static int
take_word(struct conf_hook *h, const char *word)
{
	static const char *const names[] = { "secret-file=", "events=", "hold=", "give-up=" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const size_t len = strlen(names[i]);

		if (strncmp(word, names[i], len) != 0)
			continue;
		switch (i) {
		case 0:
			return value_path(h->secret_file, CONF_TEXT_MAX, word + len, false);
		case 1:
			return take_events(h, word + len);
		case 2:
			return take_time(word + len, 0, SECONDS(3600), &h->hold_us);
		default:
			return take_time(word + len, SECONDS(1), SECONDS(30 * 86400),
			    &h->give_up_us);
		}
	}
	return -EINVAL;
}

int
value_add_hook(struct conf_hooks *list, const char *text)
{
	struct conf_hook one = { .state = true, .quality = true, .hold_us = SECONDS(5),
		.give_up_us = SECONDS(86400) };
	char words[CONF_HOOK_TEXT_MAX + 1], *at = words, *word;

	if (strlen(text) >= sizeof words || !value_is_plain(text))
		return -EINVAL;
	memcpy(words, text, strlen(text) + 1);
	word = strsep(&at, " ");
	if (strlen(word) >= sizeof one.url || !value_is_url(word))
		return -EINVAL;
	memcpy(one.url, word, strlen(word) + 1);
	while ((word = strsep(&at, " ")) != NULL)
		if (*word != '\0' && take_word(&one, word) != 0)
			return -EINVAL;
	if (one.secret_file[0] == '\0')
		return -EINVAL;
	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->at[i].url, one.url) == 0)
			return -EEXIST;
	if (list->len == CONF_HOOKS_MAX)
		return -ENOSPC;
	list->at[list->len++] = one;
	return 0;
}

void
value_print_hook(char *out, size_t len, const struct conf_hook *h)
{
	char hold[32], give_up[32];

	value_print_duration(hold, sizeof hold, h->hold_us);
	value_print_duration(give_up, sizeof give_up, h->give_up_us);
	(void)snprintf(out, len, "%s secret-file=%s events=%s%s%s hold=%s give-up=%s", h->url,
	    h->secret_file, h->state ? "state" : "", h->state && h->quality ? "," : "",
	    h->quality ? "quality" : "", hold, give_up);
}
