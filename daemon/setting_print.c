/* SPDX-License-Identifier: ISC */
/* Settings as text: what is allowed, and the line of a file that says what is. */
#include "daemon/settings.h"

#include "daemon/values.h"

static const void *
field_const(const struct conf *c, const struct setting *s)
{
	return (const char *)c + s->at;
}

void
setting_allowed(const struct setting *s, char *out, size_t len)
{
	char min[32], max[32];

	switch (s->type) {
	case CONF_DURATION:
		value_print_duration(min, sizeof min, s->min);
		value_print_duration(max, sizeof max, s->max);
		(void)snprintf(out, len, "a duration from %s to %s, as in 30s, 5min, 2h, 7d",
		    min, max);
		break;
	case CONF_SIZE:
		value_print_size(min, sizeof min, s->min);
		value_print_size(max, sizeof max, s->max);
		(void)snprintf(out, len, "a size from %s to %s, as in 500kB, 10MB, 1GiB", min,
		    max);
		break;
	case CONF_COUNT:
		(void)snprintf(out, len, "a whole number from %lld to %lld",
		    (long long)s->min, (long long)s->max);
		break;
	case CONF_LEVEL:
		(void)snprintf(out, len, "error, warn, info or debug");
		break;
	case CONF_METERED:
		(void)snprintf(out, len, "auto, true or false");
		break;
	case CONF_SWITCH:
		(void)snprintf(out, len, "true or false");
		break;
	case CONF_PATH:
		(void)snprintf(out, len, "a path from the root (/..) of at most %d bytes",
		    s->max > 0 ? (int)s->max : CONF_TEXT_MAX);
		break;
	case CONF_INTERFACE:
		(void)snprintf(out, len, "the name of a network interface, as in eth0");
		break;
	case CONF_PROXY:
		(void)snprintf(out, len, "none, environment, or http://HOST:PORT");
		break;
	case CONF_LISTENS:
		(void)snprintf(out, len,
		    "numeric ADDRESS:PORT, as in 127.0.0.1:8790 or [::1]:8790, or none");
		break;
	case CONF_TARGETS:
		(void)snprintf(out, len,
		    "[latency=|download=|upload=]URL with http:// or https:// (a download "
		    "has {bytes} in it), or none");
		break;
	case CONF_HOSTS:
		(void)snprintf(out, len, "a host name or an address, without a port");
		break;
	case CONF_HOOKS:
		(void)snprintf(out, len,
		    "URL secret-file=PATH [events=state|quality|state,quality] "
		    "[hold=0..1h] [give-up=1s..30d], or none");
		break;
	case CONF_ORIGINS:
		(void)snprintf(out, len,
		    "SCHEME://HOST[:PORT] and nothing after it, as in http://localhost:3000");
		break;
	}
}

static void
print_quoted(const char *text, FILE *out)
{
	(void)fputc('"', out);
	for (; *text != '\0'; text++) {
		/* ${ would be taken as a variable of the environment. */
		if (*text == '"' || *text == '\\' || (*text == '$' && text[1] == '{'))
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static size_t
list_item(const struct conf *c, const struct setting *s, size_t i, char *out, size_t len)
{
	const void *at = field_const(c, s);
	const struct conf_listens *listens = at;
	const struct conf_targets *targets = at;
	const struct conf_hooks *hooks = at;
	const struct conf_names *names = at;
	size_t n;

	switch (s->type) {
	case CONF_LISTENS:
		n = listens->len;
		if (i < n)
			(void)snprintf(out, len, "%s", listens->at[i].text);
		break;
	case CONF_TARGETS:
		n = targets->len;
		if (i < n)
			(void)snprintf(out, len, "%s=%s",
			    conf_target_kind_name(targets->at[i].kind), targets->at[i].url);
		break;
	case CONF_HOOKS:
		n = hooks->len;
		if (i < n)
			value_print_hook(out, len, &hooks->at[i]);
		break;
	default:
		n = names->len;
		if (i < n)
			(void)snprintf(out, len, "%s", names->at[i]);
		break;
	}
	return n;
}

static void
print_list(const struct conf *c, const struct setting *s, FILE *out)
{
	char item[CONF_HOOK_TEXT_MAX + 32];
	size_t n = list_item(c, s, SIZE_MAX, item, sizeof item);

	(void)fputc('{', out);
	for (size_t i = 0; i < n; i++) {
		(void)list_item(c, s, i, item, sizeof item);
		(void)fputs(i == 0 ? "" : ", ", out);
		print_quoted(item, out);
	}
	(void)fputc('}', out);
}

void
setting_print(const struct conf *c, const struct setting *s, FILE *out)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	static const char *const metered[] = { "auto", "true", "false" };
	const void *at = field_const(c, s);
	char text[64];

	/* A text that is not set has no value that a file could give it. And a preset said
	 * again in a file is no longer one: targets would become the user's own. */
	if ((s->type == CONF_PATH || s->type == CONF_INTERFACE || s->type == CONF_PROXY) &&
	    *(const char *)at == '\0') {
		(void)fprintf(out, "# %s is not set\n", s->name);
		return;
	}
	(void)fprintf(out, "%s%s = ", c->origin[s - settings] == CONF_PRESET ? "# " : "",
	    s->name);
	switch (s->type) {
	case CONF_DURATION:
		value_print_duration(text, sizeof text, *(const int64_t *)at);
		(void)fputs(text, out);
		break;
	case CONF_SIZE:
		value_print_size(text, sizeof text, *(const int64_t *)at);
		(void)fputs(text, out);
		break;
	case CONF_COUNT:
		(void)fprintf(out, "%lld", (long long)*(const int64_t *)at);
		break;
	case CONF_LEVEL:
		(void)fputs(levels[*(const int64_t *)at], out);
		break;
	case CONF_METERED:
		(void)fputs(metered[*(const int64_t *)at], out);
		break;
	case CONF_SWITCH:
		(void)fputs(*(const int64_t *)at ? "true" : "false", out);
		break;
	case CONF_PATH:
	case CONF_INTERFACE:
	case CONF_PROXY:
		print_quoted(at, out);
		break;
	default:
		print_list(c, s, out);
		break;
	}
	(void)fputc('\n', out);
}
