/* SPDX-License-Identifier: ISC */
/* The configuration: presets, the command line, what settings demand of each other. */
#include "daemon/config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "daemon/settings.h"

void
conf_init(struct conf *c)
{
	memset(c, 0, sizeof *c);
	for (size_t i = 0; i < settings_len; i++)
		setting_preset(c, &settings[i]);
}

void
conf_finish(struct conf *c)
{
	for (size_t i = 0; i < settings_len; i++)
		setting_clear(c, &settings[i]);
}

int
conf_set(struct conf *c, const char *key_is_value, char *why, size_t why_len)
{
	const char *equals = strchr(key_is_value, '=');
	const struct setting *s;
	const char *near;
	char quoted[80];
	size_t key_len;

	if (equals == NULL || equals == key_is_value) {
		setting_quote(quoted, sizeof quoted, key_is_value, strlen(key_is_value));
		(void)snprintf(why, why_len, "%s: allowed is KEY=VALUE", quoted);
		return -EINVAL;
	}
	key_len = (size_t)(equals - key_is_value);
	s = setting_find(key_is_value, key_len);
	if (s == NULL) {
		near = setting_near(key_is_value, key_len);
		setting_quote(quoted, sizeof quoted, key_is_value, key_len);
		(void)snprintf(why, why_len, "there is no setting %s%s%s%s", quoted,
		    near != NULL ? "; did you mean " : "", near != NULL ? near : "",
		    near != NULL ? "?" : "; linkqd.conf(5) lists them");
		return -EINVAL;
	}
	if (setting_is_list(s) && (c->origin[s - settings] != CONF_COMMAND_LINE ||
		strcmp(equals + 1, "none") == 0))
		setting_clear(c, s);
	return setting_take(c, s, CONF_COMMAND_LINE, equals + 1, why, why_len);
}

bool
conf_given(const struct conf *c, const char *name)
{
	const struct setting *s = setting_find(name, strlen(name));

	assert(s != NULL);
	return c->origin[s - settings] != CONF_PRESET;
}

int
conf_check(struct conf *c, char *why, size_t why_len)
{
	bool listen_given = conf_given(c, "listen"), socket_given = conf_given(c, "socket");

	if (socket_given && !listen_given)
		c->listen.len = 0;
	if (listen_given && !socket_given)
		(void)snprintf(c->socket, sizeof c->socket, "none");
	if (c->listen.len == 0 && strcmp(c->socket, "none") == 0) {
		(void)snprintf(why, why_len, "listen and socket are both none: nobody could ask");
		return -EINVAL;
	}
	for (size_t i = 0; i < c->listen.len; i++)
		if (!c->listen.at[i].loopback && c->token_file[0] == '\0') {
			(void)snprintf(why, why_len,
			    "listen: %s is not loopback: that needs a token-file",
			    c->listen.at[i].text);
			return -EINVAL;
		}
	return 0;
}

void
conf_print(const struct conf *c, FILE *out)
{
	for (size_t i = 0; i < settings_len; i++)
		setting_print(c, &settings[i], out);
}

void
conf_help(FILE *out)
{
	char allowed[256];

	for (size_t i = 0; i < settings_len; i++) {
		const struct setting *s = &settings[i];

		setting_allowed(s, allowed, sizeof allowed);
		(void)fprintf(out, "  %s\n      %s\n      allowed: %s\n", s->name, s->text,
		    allowed);
		for (size_t p = 0; s->preset != NULL && s->preset[p] != NULL; p++)
			(void)fprintf(out, "      %s%s\n", p == 0 ? "preset:  " : "         ",
			    s->preset[p]);
	}
}

const char *
conf_target_kind_name(enum conf_target_kind kind)
{
	static const char *const names[] = {
		[CONF_LATENCY] = "latency",
		[CONF_DOWNLOAD] = "download",
		[CONF_UPLOAD] = "upload",
	};

	assert(kind <= CONF_UPLOAD);
	return names[kind];
}
