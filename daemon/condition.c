/* SPDX-License-Identifier: ISC */
/* What may be wrong with a target. */
#include "daemon/condition.h"

#include <string.h>

const char *const condition_names[CONDITIONS] = {
	[CONDITION_NONE] = "none",
	[CONDITION_SILENT] = "silent",
	[CONDITION_NO_NAME] = "no_name",
	[CONDITION_REFUSED] = "refused",
	[CONDITION_RESET] = "reset",
	[CONDITION_CERTIFICATE] = "certificate",
	[CONDITION_HTTP_ERROR] = "http_error",
	[CONDITION_REDIRECT] = "redirect",
	[CONDITION_REDIRECT_LOOP] = "redirect_loop",
	[CONDITION_ENDLESS] = "endless",
	[CONDITION_TRUNCATED] = "truncated",
	[CONDITION_PORTAL] = "portal",
};

const char *
condition_words(enum condition c)
{
	static const char *const words[CONDITIONS] = {
		[CONDITION_NONE] = "is well",
		[CONDITION_SILENT] = "does not answer",
		[CONDITION_NO_NAME] = "is not found by its name",
		[CONDITION_REFUSED] = "refuses connections",
		[CONDITION_RESET] = "cuts connections off",
		[CONDITION_CERTIFICATE] = "has a certificate that fails",
		[CONDITION_HTTP_ERROR] = "answers with an error",
		[CONDITION_REDIRECT] = "redirects elsewhere",
		[CONDITION_REDIRECT_LOOP] = "redirects to itself",
		[CONDITION_ENDLESS] = "sends without an end",
		[CONDITION_TRUNCATED] = "ends its answer early",
		[CONDITION_PORTAL] = "is answered for by a portal",
	};

	return words[c];
}

static enum condition
of_answer(const char *url, const struct probe_result *r)
{
	if (r->cut)
		return CONDITION_ENDLESS;
	if (r->status < 300 || r->status >= 400 || !r->location[0])
		return CONDITION_NONE;
	return strcmp(r->location, url) == 0 ? CONDITION_REDIRECT_LOOP : CONDITION_REDIRECT;
}

enum condition
condition_of(const char *url, const struct probe_result *r)
{
	switch (r->error) {
	case EST_ERROR_NONE:
		return of_answer(url, r);
	case EST_ERROR_DNS:
		return CONDITION_NO_NAME;
	case EST_ERROR_REFUSED:
		return CONDITION_REFUSED;
	case EST_ERROR_RESET:
		return r->timing.bytes > 0 ? CONDITION_TRUNCATED : CONDITION_RESET;
	case EST_ERROR_TLS:
		return CONDITION_CERTIFICATE;
	case EST_ERROR_HTTP:
		return CONDITION_HTTP_ERROR;
	default:
		return CONDITION_NONE;
	}
}
