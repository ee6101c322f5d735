/* SPDX-License-Identifier: ISC */
/* The words that the API, the CSV and the command line share. */
#include "estimator/estimator.h"

#include <assert.h>
#include <errno.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const states[] = {
	[EST_UNKNOWN] = "unknown",
	[EST_ONLINE] = "online",
	[EST_STALLED] = "stalled",
	[EST_OFFLINE] = "offline",
	[EST_CAPTIVE] = "captive",
	[EST_ASLEEP] = "asleep",
};
static const char *const qualities[] = {
	[EST_QUALITY_UNKNOWN] = "unknown",
	[EST_QUALITY_MINIMAL] = "minimal",
	[EST_QUALITY_MODERATE] = "moderate",
	[EST_QUALITY_GOOD] = "good",
};
static const char *const effectives[] = {
	[EST_EFFECTIVE_UNKNOWN] = "",
	[EST_EFFECTIVE_SLOW_2G] = "slow-2g",
	[EST_EFFECTIVE_2G] = "2g",
	[EST_EFFECTIVE_3G] = "3g",
	[EST_EFFECTIVE_4G] = "4g",
};
static const char *const errors[] = {
	[EST_ERROR_NONE] = "",
	[EST_ERROR_TIMEOUT] = "timeout",
	[EST_ERROR_REFUSED] = "refused",
	[EST_ERROR_RESET] = "reset",
	[EST_ERROR_DNS] = "dns",
	[EST_ERROR_TLS] = "tls",
	[EST_ERROR_HTTP] = "http",
	[EST_ERROR_ABORTED] = "aborted",
};
static const char *const changes[] = {
	[EST_CHANGE_NONE] = "",
	[EST_CHANGE_DROP] = "drop",
	[EST_CHANGE_RISE] = "rise",
	[EST_CHANGE_OUTAGE] = "outage",
	[EST_CHANGE_RECOVERY] = "recovery",
	[EST_CHANGE_NETWORK] = "network",
	[EST_CHANGE_WAKE] = "wake",
};
static const char *const sources[] = {
	[EST_APP] = "app",
	[EST_KERNEL] = "kernel",
	[EST_PROBE] = "probe",
};
static const char *const verdicts[] = {
	[EST_TAKEN] = "taken",
	[EST_REJECT_CACHE] = "came from a cache",
	[EST_REJECT_SERVER] = "the sender set the pace",
	[EST_REJECT_LATE] = "ended too long ago",
	[EST_REJECT_ORDER] = "less than the slice before it",
	[EST_REJECT_ABSURD] = "numbers that no link produces",
	[EST_REJECT_FULL] = "too many requests at once",
};
static const char *const kinds[] = {
	[EST_LINK_OTHER] = "other",
	[EST_LINK_ETHERNET] = "ethernet",
	[EST_LINK_WIFI] = "wifi",
	[EST_LINK_WWAN] = "wwan",
	[EST_LINK_TUNNEL] = "tunnel",
	[EST_LINK_LOOPBACK] = "loopback",
};

static const char *const bases[] = {
	[EST_BASIS_PRIOR] = "prior",
	[EST_BASIS_MEMORY] = "memory",
	[EST_BASIS_EVIDENCE] = "evidence",
};

_Static_assert(COUNT(states) == EST_STATES, "a word for each state");
_Static_assert(COUNT(qualities) == EST_QUALITIES, "a word for each quality");
_Static_assert(COUNT(effectives) == EST_EFFECTIVES, "a word for each type");
_Static_assert(COUNT(errors) == EST_ERRORS, "a word for each error");
_Static_assert(COUNT(changes) == EST_CHANGES, "a word for each change");
_Static_assert(COUNT(sources) == EST_SOURCES, "a word for each source");
_Static_assert(COUNT(verdicts) == EST_VERDICTS, "words for each verdict");
_Static_assert(COUNT(kinds) == EST_LINK_KINDS, "a word for each kind");
_Static_assert(COUNT(bases) == EST_BASES, "a word for each basis");

const char *
est_state_name(enum est_state s)
{
	assert((size_t)s < COUNT(states));
	return states[s];
}

const char *
est_quality_name(enum est_quality q)
{
	assert((size_t)q < COUNT(qualities));
	return qualities[q];
}

const char *
est_effective_name(enum est_effective t)
{
	assert((size_t)t < COUNT(effectives));
	return effectives[t];
}

const char *
est_error_name(enum est_error e)
{
	assert((size_t)e < COUNT(errors));
	return errors[e];
}

const char *
est_change_name(enum est_change_kind k)
{
	assert((size_t)k < COUNT(changes));
	return changes[k];
}

const char *
est_source_name(enum est_source s)
{
	assert((size_t)s < COUNT(sources));
	return sources[s];
}

const char *
est_verdict_name(enum est_verdict v)
{
	assert((size_t)v < COUNT(verdicts));
	return verdicts[v];
}

const char *
est_link_kind_name(enum est_link_kind k)
{
	assert((size_t)k < COUNT(kinds));
	return kinds[k];
}

const char *
est_basis_name(enum est_basis b)
{
	assert((size_t)b < COUNT(bases));
	return bases[b];
}

/* strcmp is not among the few functions that this library may call. */
static bool
same_word(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

int
est_error_parse(const char *word, enum est_error *out)
{
	/* "" is the absence of an error, not a word for one */
	for (size_t i = EST_ERROR_NONE + 1; i < COUNT(errors); i++) {
		if (same_word(word, errors[i])) {
			*out = (enum est_error)i;
			return 0;
		}
	}
	return -EINVAL;
}
