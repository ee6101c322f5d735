/* SPDX-License-Identifier: ISC */
/* SIGHUP: read the configuration again, and take over what can change while we run. */
#include "daemon/reload.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/notify.h"

/* In the words of the file: what takes effect at once. */
static const char *const live[] = { "probe", "probe-interval", "stranger-interval",
	"download-interval", "upload-interval", "probe-timeout", "probe-proxy", "budget-hour", "budget-day", "budget-day-metered",
	"webhook", "log-level" };

static bool
is_live(const char *line, size_t len)
{
	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++)
		if (strlen(live[i]) == len && strncmp(line, live[i], len) == 0)
			return true;
	return false;
}

static char *
print(const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	conf_print(c, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Settings of the new text that the old one does not have word for word. */
static void
tell_differences(const char *was, const char *is)
{
	for (const char *line = is; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n"), name;
		const char *from = strncmp(line, "# ", 2) == 0 ? line + 2 : line;
		static char whole[CONF_HOOKS_MAX * (CONF_HOOK_TEXT_MAX + 8)]; /* the longest list */

		name = strcspn(from, " \n");
		(void)snprintf(whole, sizeof(whole), "%.*s\n", (int)len, line);
		if (strstr(was, whole) || *line == '\t' || name == 0)
			continue;
		if (is_live(from, name))
			log_info("reload: %.*s", (int)(len - (size_t)(from - line)), from);
		else
			log_warn("reload: %.*s: takes effect at the next start only",
			    (int)name, from);
	}
}

static void
take_over(struct conf *running, const struct conf *fresh)
{
	running->probe = fresh->probe;
	running->probe_interval_us = fresh->probe_interval_us;
	running->stranger_interval_us = fresh->stranger_interval_us;
	running->download_interval_us = fresh->download_interval_us;
	running->upload_interval_us = fresh->upload_interval_us;
	running->probe_timeout_us = fresh->probe_timeout_us;
	memcpy(running->probe_proxy, fresh->probe_proxy, sizeof(running->probe_proxy));
	running->budget_hour_bytes = fresh->budget_hour_bytes;
	running->budget_day_bytes = fresh->budget_day_bytes;
	running->budget_metered_bytes = fresh->budget_metered_bytes;
	running->webhook = fresh->webhook;
	running->log_level = fresh->log_level;
}

void
reload(const struct options *o, struct conf *running, struct probes *probes)
{
	static struct conf fresh; /* 10 kB: not on the stack */
	char why[CONF_WHY_MAX];
	char *was, *is;

	(void)notify_send("RELOADING=1");
	if (options_configure(o, &fresh, why, sizeof(why)) != 0) {
		log_error("reload: %s; nothing was changed", why);
		(void)notify_send("READY=1");
		return;
	}
	was = print(running);
	is = print(&fresh);
	if (was && is)
		tell_differences(was, is);
	free(was);
	free(is);
	take_over(running, &fresh);
	conf_finish(&fresh);
	log_open((enum log_level)running->log_level, o->foreground);
	probes_reload(probes, running);
	probes_announce(probes);
	(void)notify_send("READY=1");
}
