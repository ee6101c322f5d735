/* SPDX-License-Identifier: ISC */
/* What people are told of the probes. */
#include "daemon/probes_internal.h"

#include <stdio.h>
#include <string.h>

#include "daemon/log.h"

void
probes_announce(const struct probes *p)
{
	char line[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < p->sched.targets; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again ||
			    strcmp(p->sched.target[k].host, p->sched.target[i].host) == 0;
		if (!again && len < sizeof(line))
			len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s",
			    len ? ", " : "", p->sched.target[i].host);
	}
	if (p->sched.targets == 0)
		log_info("probe: no targets: only what is seen and told counts");
	else
		log_info("probe: measuring with requests to %s", line);
}

static void
report_budget(struct probes *p, int64_t now_us, int64_t due_us, struct api_budget_report *out)
{
	struct ledger *l = p->sched.ledger;

	*out = (struct api_budget_report){
		.hour_limit_bytes = l->hour.limit_bytes,
		.hour_spent_bytes = ledger_hour_spent(l, now_us),
		.day_limit_bytes = l->day.limit_bytes,
		.day_spent_bytes = ledger_day_spent(l, now_us),
		.day_resets_in_us = ledger_resets_us(l, now_us),
		.allowance_bytes = ledger_allowance(l, now_us),
		.metered = p->sched.metered,
		.next_probe_bytes = due_us < 0 ? -1 : sched_due_bytes(&p->sched),
	};
	if (out->day_resets_in_us >= 0)
		out->day_resets_in_us -= now_us;
}

static void
report_conditions(const struct probes *p, struct api_daemon_report *out)
{
	out->conditions = CONDITIONS - 1;
	out->condition_name = condition_names + 1; /* without none */
	memcpy(out->condition, p->conditions + 1, sizeof(p->conditions) - sizeof(p->conditions[0]));
	out->names_known = p->doctor.known;
	out->names_found = !doctor_names_lost(p);
	(void)snprintf(out->portal, sizeof(out->portal), "%s",
	    p->portal.captive ? p->portal.login : "");
}

void
probes_report(struct probes *p, int64_t now_us, struct api_daemon_report *out)
{
	struct est_snapshot belief;
	enum conf_target_kind kind = CONF_LATENCY;
	const char *why = "there are no targets";
	int64_t due_us;

	p->sink.belief(p->sink.ctx, now_us, &belief);
	due_us = sched_due_us(&p->sched, now_us, &belief, &kind, &why);
	out->next_probe_in_us = due_us < 0 ? -1 : due_us - now_us;
	(void)snprintf(out->next_probe_kind, sizeof(out->next_probe_kind), "%s",
	    due_us < 0 ? "" : conf_target_kind_name(kind));
	(void)snprintf(out->next_probe_reason, sizeof(out->next_probe_reason), "%s", why);
	out->probe_bytes_down = p->sched.ledger->down_bytes;
	out->probe_bytes_up = p->sched.ledger->up_bytes;
	report_budget(p, now_us, due_us, &out->budget);
	report_conditions(p, out);
	out->probes_len = 0;
	for (size_t i = 0; i < p->sched.targets && i < API_PROBES_MAX; i++) {
		struct api_probe_report *r = &out->probe[out->probes_len++];
		const struct target *t = &p->target[i];

		(void)snprintf(r->target, sizeof(r->target), "%.127s", t->url);
		(void)snprintf(r->kind, sizeof(r->kind), "%s",
		    conf_target_kind_name(p->sched.target[i].kind));
		r->own = p->sched.target[i].own;
		r->count = t->count;
		r->failures = t->failures;
		r->last_age_us = t->last_us == SCHED_NEVER ? -1 : now_us - t->last_us;
		(void)snprintf(r->last, sizeof(r->last), "%s", t->last);
		r->condition = t->condition == CONDITION_NONE ? NULL
							      : condition_names[t->condition];
	}
}

bool
probes_is_loopback(const char *url)
{
	const char *host = strstr(url, "://");

	if (!host)
		return false;
	host += 3;
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
	    (strncmp(host, "localhost", 9) == 0 && strchr(":/?#", host[9]) != NULL);
}
