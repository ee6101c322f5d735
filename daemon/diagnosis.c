/* SPDX-License-Identifier: ISC */
/* What is broken, and whose is it? */
#include "daemon/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>

static void __attribute__((format(printf, 4, 5)))
say(struct api_diagnosis *out, const char *cause, const char *whose, const char *format, ...)
{
	va_list ap;

	out->cause = cause;
	out->whose = whose;
	va_start(ap, format);
	(void)vsnprintf(out->text, sizeof(out->text), format, ap);
	va_end(ap);
}

static void
name_silence(const struct diagnosis_facts *f, struct api_diagnosis *out)
{
	switch (f->gateway) {
	case ROUTER_SILENT:
		say(out, "gateway", "network", "The gateway %s does not answer.", f->gateway_address);
		break;
	case ROUTER_ANSWERS:
		say(out, "upstream", "provider",
		    "The gateway %s answers, and nothing beyond it does.", f->gateway_address);
		break;
	case ROUTER_UNKNOWN:
		say(out, "nothing_answers", NULL, "Nothing answers.");
		break;
	}
}

void
diagnosis_make(const struct diagnosis_facts *f, struct api_diagnosis *out)
{
	bool down = f->state == EST_OFFLINE || f->state == EST_STALLED;

	*out = (struct api_diagnosis){ 0 };
	if (down && f->ever && f->routed && !f->carrier)
		say(out, "no_carrier", "host", "The interface has no carrier.");
	else if (down && !f->routed)
		say(out, "no_route", "host", "This host has no route to the Internet.");
	else if (f->captive)
		say(out, "portal", "network", "A portal wants to be signed in to%s%s.",
		    f->login[0] ? ": " : "", f->login);
	else if (f->names == DIAGNOSIS_NAMES_LOST && f->gateway != ROUTER_SILENT &&
	    (!down || f->no_address))
		say(out, "dns", "network", "No name is found: the name server does not answer%s",
		    f->no_address ? "." : ", while addresses do.");
	else if (f->state == EST_OFFLINE)
		name_silence(f, out);
	else if (f->state == EST_ONLINE && f->host)
		say(out, "destination", "destination", "%s %s, while others answer.", f->host,
		    f->how);
}
