/* SPDX-License-Identifier: ISC */
/* Does a portal answer in place of the Internet? Answers in, a verdict out. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/portal.h"

#define SECONDS(n) (INT64_C(1000000) * (n))
#define A "http://a.example/x"
#define B "http://b.example/y"
#define C "http://c.example/z"
#define CHECK "http://d.example/generate_204"
#define LOGIN "http://login.hotel.example/?from=x"
#define PAGE "<html><title>Please log in</title>"

static struct portal portal;
static int64_t now_us = SECONDS(1000);

TestSuite(portal, .timeout = 10);

static struct portal_answer
gives(const char *url, int status)
{
	return (struct portal_answer){ .url = url, .status = status, .location = "", .body = "" };
}

static struct portal_answer
redirects(const char *url, const char *to)
{
	struct portal_answer a = gives(url, 302);

	a.location = to;
	return a;
}

static struct portal_answer
page(const char *url, const char *body)
{
	struct portal_answer a = gives(url, 200);

	a.html = true;
	a.body = body;
	a.body_bytes = (int64_t)strlen(body);
	return a;
}

static bool
tell(int target, struct portal_answer a)
{
	now_us += SECONDS(1);
	return portal_answered(&portal, now_us, target, &a);
}

Test(portal, judges_one_answer_by_itself)
{
	static const struct {
		const char *url;
		int status;
		const char *location;
		bool tls, html;
		const char *body;
		enum portal_sign sign;
	} cases[] = {
		{ CHECK, 204, "", false, false, "", PORTAL_CLEAN },
		{ CHECK, 200, "", false, true, PAGE, PORTAL_SUSPECT },
		{ CHECK, 302, LOGIN, false, false, "", PORTAL_SUSPECT },
		{ CHECK, 503, "", false, true, "", PORTAL_UNTOLD },
		{ CHECK "?x=1", 204, "", false, false, "", PORTAL_CLEAN },
		{ "http://e.example/success.txt", 200, "", false, false, "success\n", PORTAL_CLEAN },
		{ "http://e.example/success.txt", 200, "", false, true, PAGE, PORTAL_SUSPECT },
		{ A, 511, "", false, true, PAGE, PORTAL_SUSPECT },
		{ A, 200, "", false, false, "xxxx", PORTAL_CLEAN },
		{ A, 200, "", false, true, "<html>", PORTAL_UNTOLD },
		{ A, 404, "", false, true, "<html>", PORTAL_UNTOLD },
		{ A, 301, "https://a.example/x", false, false, "", PORTAL_CLEAN },
		{ A, 301, "https://www.a.example/", false, false, "", PORTAL_CLEAN },
		{ A, 302, "https://nota.example/", false, false, "", PORTAL_ODD },
		{ A, 302, LOGIN, false, false, "", PORTAL_ODD },
		{ "http://10.0.0.1/x", 302, "http://110.0.0.1/", false, false, "", PORTAL_ODD },
		{ "https://a.example/x", 302, LOGIN, true, false, "", PORTAL_CLEAN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct portal_target t = { 0 };
		struct portal_answer a = { .url = cases[i].url, .status = cases[i].status,
			.location = cases[i].location, .tls = cases[i].tls, .html = cases[i].html,
			.body = cases[i].body };

		portal_place(a.url, t.place);
		cr_assert_eq(portal_judge(&t, &a), cases[i].sign, "case %zu", i);
	}
}

Test(portal, is_seen_when_two_places_redirect_that_never_did)
{
	tell(0, gives(A, 200));
	tell(1, gives(B, 200));
	cr_assert(tell(0, redirects(A, LOGIN)), "another one is to be asked");
	cr_assert_not(portal.captive, "one alone is none");
	cr_assert_not(tell(1, redirects(B, LOGIN)));
	cr_assert(portal.captive);
	cr_assert_str_eq(portal.login, LOGIN);
}

Test(portal, is_seen_at_the_first_answers_when_both_lead_to_one_host)
{
	tell(0, redirects(A, LOGIN));
	cr_assert_not(portal.captive);
	tell(1, redirects(B, LOGIN "2"));
	cr_assert(portal.captive);
}

Test(portal, is_none_where_two_targets_redirect_to_places_of_their_own)
{
	for (int i = 0; i < 5; i++) {
		tell(0, redirects(A, "http://moved.example/"));
		tell(1, redirects(B, "http://elsewhere.example/"));
		tell(2, gives(C, 200));
		cr_assert_not(portal.captive);
	}
	cr_assert_eq(portal.target[0].sign, PORTAL_CLEAN, "it is how it is");
}

Test(portal, is_none_where_one_target_alone_redirects_for_ever)
{
	tell(0, gives(A, 200));
	tell(1, gives(B, 200));
	for (int i = 0; i < 20; i++) {
		tell(0, redirects(A, LOGIN));
		tell(1, gives(B, 200));
		cr_assert_not(portal.captive);
	}
}

Test(portal, is_none_where_two_urls_of_one_server_redirect)
{
	tell(0, gives(A, 200));
	tell(1, gives(A "2", 200));
	tell(0, redirects(A, LOGIN));
	tell(1, redirects(A "2", LOGIN));
	cr_assert_not(portal.captive);
}

Test(portal, is_seen_in_a_204_that_is_not_one_and_a_page_where_there_was_none)
{
	tell(1, gives(B, 200));
	tell(0, page(CHECK, PAGE));
	cr_assert_not(portal.captive);
	tell(1, page(B, PAGE));
	cr_assert(portal.captive);
}

Test(portal, is_seen_in_one_login_page_at_two_places)
{
	tell(0, page(A, PAGE));
	cr_assert_not(portal.captive);
	tell(1, page(B, PAGE));
	cr_assert(portal.captive);
}

Test(portal, is_none_where_two_places_have_a_page_each)
{
	tell(0, page(A, "<html>Welcome"));
	tell(1, page(B, "<html>Welcome"));
	cr_assert_not(portal.captive, "it wants no login");
	tell(0, page(A, "<html>Welcome, log in"));
	tell(1, page(B, "<html>Please log in"));
	cr_assert_not(portal.captive, "they differ");
}

Test(portal, lets_through_when_a_target_is_itself_again)
{
	tell(0, gives(A, 200));
	tell(1, gives(CHECK, 204));
	tell(0, redirects(A, LOGIN));
	tell(1, redirects(CHECK, LOGIN));
	cr_assert(portal.captive);
	for (int i = 0; i < 400; i++)
		tell(i % 2, i % 2 ? redirects(CHECK, LOGIN) : redirects(A, LOGIN));
	cr_assert(portal.captive);
	cr_assert_eq(portal.target[0].usual.status, 200, "a portal teaches nothing");
	tell(1, gives(CHECK, 204));
	cr_assert_not(portal.captive);
	cr_assert_eq(portal.login[0], '\0');
}

Test(portal, stays_while_only_what_it_always_lets_through_is_clean)
{
	tell(0, gives(A, 200));
	tell(1, gives(B, 200));
	tell(2, gives(C, 200));
	tell(0, redirects(A, LOGIN));
	tell(1, redirects(B, LOGIN));
	cr_assert(portal.captive);
	tell(2, gives(C, 200));
	cr_assert(portal.captive);
}

Test(portal, is_forgotten_with_its_network)
{
	tell(0, gives(A, 200));
	tell(1, gives(B, 200));
	tell(0, redirects(A, LOGIN));
	tell(1, redirects(B, LOGIN));
	portal_reset(&portal);
	cr_assert_not(portal.captive);
	tell(0, redirects(A, LOGIN));
	cr_assert_not(portal.captive, "it takes two again");
	tell(1, redirects(B, LOGIN));
	cr_assert(portal.captive);
}
