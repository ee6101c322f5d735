/* SPDX-License-Identifier: ISC */
/* Does a portal answer in place of the Internet? */
#include <config.h>

#include "daemon/portal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What well-known checks of connectivity answer, by the end of their path. */
static const struct check {
	const char *path;
	const char *body; /* NULL: none, and 204 */
} checks[] = {
	{ "generate_204", NULL },
	{ "gen_204", NULL },
	{ "/204", NULL },
	{ "/success.txt", "success" },
	{ "/check_network_status.txt", "NetworkManager is online" },
	{ "/connecttest.txt", "Microsoft Connect Test" },
	{ "/nm-check.txt", "NetworkManager is online" },
};

/* Words that a page has which wants to be signed in to. */
static const char *const login_words[] = { "login", "log in", "log-in", "sign in", "signin",
	"password", "passwort", "portal", "hotspot", "wispaccessgateway", "http-equiv=\"refresh\"" };

void
portal_place(const char *url, char out[PORTAL_HOST_MAX + 1])
{
	const char *from = strstr(url, "://");
	size_t n;

	from = from ? from + 3 : url;
	n = strcspn(from, "/?#");
	n = n < PORTAL_HOST_MAX ? n : PORTAL_HOST_MAX;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)from[i]);
	out[n] = '\0';
}

/* Without the port. */
static size_t
name_len(const char *place)
{
	return place[0] == '[' ? strcspn(place, "]") + 1 : strcspn(place, ":");
}

static bool
ends(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len > b_len && a[a_len - b_len - 1] == '.' &&
	    memcmp(a + a_len - b_len, b, b_len) == 0;
}

/* example.org and www.example.org are; any other two names are not. */
static bool
same_site(const char *a, const char *b)
{
	size_t a_len = name_len(a), b_len = name_len(b);

	if (a_len == b_len && memcmp(a, b, a_len) == 0)
		return true;
	if (isdigit((unsigned char)a[0]) || isdigit((unsigned char)b[0]))
		return false; /* addresses have no suffixes */
	return ends(a, a_len, b, b_len) || ends(b, b_len, a, a_len);
}

static const struct check *
check_of(const char *url)
{
	size_t len = strcspn(url, "?#");

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		size_t n = strlen(checks[i].path);

		if (len > n && memcmp(url + len - n, checks[i].path, n) == 0)
			return &checks[i];
	}
	return NULL;
}

static bool
wants_login(const struct portal_answer *a)
{
	if (!a->html)
		return false;
	for (size_t i = 0; i < sizeof(login_words) / sizeof(login_words[0]); i++)
		if (strcasestr(a->body, login_words[i]))
			return true;
	return false;
}

static struct portal_look
look_of(const struct portal_answer *a)
{
	struct portal_look l = { .known = true, .html = a->html, .status = a->status };

	if (a->status >= 300 && a->status < 400)
		portal_place(a->location, l.to);
	return l;
}

static bool
same_look(const struct portal_look *a, const struct portal_look *b)
{
	return a->known && b->known && a->status == b->status && a->html == b->html &&
	    strcmp(a->to, b->to) == 0;
}

/* FNV-1a, of what two places answer in the same words. */
static uint64_t
page_of(const struct portal_answer *a)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ (uint64_t)a->body_bytes;

	for (const char *c = a->body; *c; c++)
		h = (h ^ (unsigned char)*c) * UINT64_C(1099511628211);
	return h | 1;
}

static enum portal_sign
judge_check(const struct check *c, const struct portal_answer *a)
{
	bool right = c->body ? a->status == 200 &&
		    strncmp(a->body, c->body, strlen(c->body)) == 0
			     : a->status == 204;

	if (right)
		return PORTAL_CLEAN;
	/* An error is its server's. */
	return a->status >= 200 && a->status < 400 ? PORTAL_SUSPECT : PORTAL_UNTOLD;
}

enum portal_sign
portal_judge(const struct portal_target *t, const struct portal_answer *a)
{
	const struct check *c = check_of(a->url);
	struct portal_look look = look_of(a);

	if (a->status == 511)
		return PORTAL_SUSPECT;
	if (a->tls && a->status > 0)
		return PORTAL_CLEAN; /* nobody else has that certificate */
	if (c)
		return judge_check(c, a);
	if (a->status < 200 || a->status >= 400)
		return PORTAL_UNTOLD;
	if (same_look(&look, &t->usual))
		return PORTAL_CLEAN;
	if (look.to[0] && !same_site(look.to, t->place))
		return t->usual.known ? PORTAL_SUSPECT : PORTAL_ODD;
	if (look.to[0])
		return PORTAL_CLEAN;
	if (!a->html)
		return PORTAL_CLEAN; /* a login is a page */
	return t->usual.known && !t->usual.html ? PORTAL_SUSPECT : PORTAL_UNTOLD;
}

void
portal_init(struct portal *p)
{
	memset(p, 0, sizeof(*p));
}

void
portal_reset(struct portal *p)
{
	p->captive = false;
	p->login[0] = '\0';
	for (int i = 0; i < PORTAL_TARGETS_MAX; i++)
		p->target[i].sign = PORTAL_UNTOLD;
}

static bool
is_fresh(const struct portal_target *t, int64_t now_us)
{
	return now_us - t->at_us <= PORTAL_FRESH_US;
}

/* The same words from two places, or both redirect to one host: neither is itself. */
static void
compare(struct portal *p, int64_t now_us, struct portal_target *t)
{
	for (int i = 0; i < PORTAL_TARGETS_MAX; i++) {
		struct portal_target *o = &p->target[i];

		if (o == t || o->sign == PORTAL_CLEAN || !o->place[0] || !is_fresh(o, now_us) ||
		    strcmp(o->place, t->place) == 0)
			continue;
		if ((t->page != 0 && t->page == o->page) ||
		    (t->sign >= PORTAL_ODD && t->seen.to[0] &&
			strcmp(t->seen.to, o->seen.to) == 0 && o->sign >= PORTAL_ODD))
			t->sign = o->sign = PORTAL_SUSPECT;
	}
}

/* Places whose last answer has this sign. */
static int
places(const struct portal *p, int64_t now_us, enum portal_sign sign)
{
	int n = 0;

	for (int i = 0; i < PORTAL_TARGETS_MAX; i++) {
		const struct portal_target *t = &p->target[i];
		bool first = t->place[0] && t->sign == sign && is_fresh(t, now_us);

		for (int k = 0; k < i; k++)
			if (p->target[k].sign == sign && is_fresh(&p->target[k], now_us) &&
			    strcmp(p->target[k].place, t->place) == 0)
				first = false;
		n += first;
	}
	return n;
}

/* It is how these targets are: the next time it is nothing new. */
static void
forgive(struct portal *p)
{
	for (int i = 0; i < PORTAL_TARGETS_MAX; i++)
		if (p->target[i].sign == PORTAL_ODD)
			p->target[i].usual = p->target[i].seen;
}

static void
learn(struct portal *p, struct portal_target *t)
{
	if (p->captive)
		return;
	if (t->sign == PORTAL_CLEAN || (t->sign == PORTAL_UNTOLD && t->page == 0 &&
	    t->seen.status >= 200 && t->seen.status < 400))
		t->usual = t->seen;
	if (t->sign == PORTAL_CLEAN)
		forgive(p);
}

bool
portal_answered(struct portal *p, int64_t now_us, int target, const struct portal_answer *a)
{
	struct portal_target *t = &p->target[target];
	bool was_suspect = t->sign == PORTAL_SUSPECT;
	int suspects;

	portal_place(a->url, t->place);
	t->sign = portal_judge(t, a);
	t->at_us = now_us;
	t->seen = look_of(a);
	t->page = t->sign != PORTAL_CLEAN && wants_login(a) ? page_of(a) : 0;
	compare(p, now_us, t);
	if (p->captive && t->sign == PORTAL_CLEAN && was_suspect) {
		portal_reset(p); /* it lets through */
		t->sign = PORTAL_CLEAN;
	}
	suspects = places(p, now_us, PORTAL_SUSPECT);
	if (t->sign >= PORTAL_ODD && t->seen.to[0] && !p->captive)
		(void)snprintf(p->login, sizeof(p->login), "%.*s", PORTAL_URL_MAX, a->location);
	if (suspects >= 2 && suspects > places(p, now_us, PORTAL_CLEAN))
		p->captive = true;
	learn(p, t);
	return !p->captive && (t->sign >= PORTAL_ODD || t->page != 0);
}
