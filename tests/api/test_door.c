/* SPDX-License-Identifier: ISC */
/* Who may ask: each rule as a table of headers and the status they get. */
#include "api/door.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/api/text.h"

TestSuite(door, .timeout = 10);

#define HEADERS_MAX 4

struct door_case {
	enum api_listener from;
	const char *header[HEADERS_MAX][2];
	int want; /* 0: it may come in */
	const char *cors;
};

#define TCP API_LISTEN_LOOPBACK
#define SOCK API_LISTEN_UNIX
#define FAR API_LISTEN_REMOTE
#define APP "http://app.example:3000"
#define LOCAL {"Host", "localhost:8790"}
#define TOKEN {"Authorization", "Bearer s3cret"}

static const struct door_case cases[] = {
	/* Host */
	{TCP, {{"Host", "localhost"}}, 0, NULL},
	{TCP, {{"host", "LocalHost:8790"}}, 0, NULL},
	{TCP, {{"Host", "127.0.0.1:1"}}, 0, NULL},
	{TCP, {{"Host", "[::1]"}}, 0, NULL},
	{TCP, {{"Host", "[::1]:8790"}}, 0, NULL},
	{TCP, {{"Host", "box.example:80"}}, 0, NULL},
	{TCP, {{NULL}}, 400, NULL},
	{TCP, {{"Host", ""}}, 400, NULL},
	{TCP, {LOCAL, {"Host", "localhost:8790"}}, 400, NULL},
	{TCP, {{"Host", "evil.example"}}, 421, NULL},
	{TCP, {{"Host", "localhost.evil.example"}}, 421, NULL},
	{TCP, {{"Host", "127.0.0.1.evil.example"}}, 421, NULL},
	{TCP, {{"Host", "localhost:8790:1"}}, 421, NULL},
	{TCP, {{"Host", "localhost:x"}}, 421, NULL},
	{TCP, {{"Host", "localhost@evil.example"}}, 421, NULL},
	{TCP, {{"Host", "[::1"}}, 421, NULL},
	{TCP, {{"Host", "[::1]x"}}, 421, NULL},
	{TCP, {{"Host", "0.0.0.0"}}, 421, NULL},
	{SOCK, {{NULL}}, 0, NULL},
	{SOCK, {{"Host", "anything"}}, 0, NULL},
	/* Origin and Sec-Fetch-Site */
	{TCP, {LOCAL, {"Origin", "http://localhost:8790"}}, 0, NULL},
	{TCP, {LOCAL, {"Origin", APP}}, 0, APP},
	{TCP, {LOCAL, {"Origin", APP}, {"Sec-Fetch-Site", "cross-site"}}, 0, APP},
	{TCP, {LOCAL, {"Origin", "http://localhost:8791"}}, 403, NULL},
	{TCP, {LOCAL, {"Origin", "https://localhost:8790"}}, 403, NULL},
	{TCP, {LOCAL, {"Origin", "http://evil.example"}}, 403, NULL},
	{TCP, {LOCAL, {"Origin", "null"}}, 403, NULL},
	{TCP, {LOCAL, {"Origin", ""}}, 403, NULL},
	{TCP, {LOCAL, {"Origin", "http://app.example:30001"}}, 403, NULL},
	{TCP, {LOCAL, {"Origin", APP}, {"Origin", APP}}, 400, NULL},
	{TCP, {LOCAL, {"Sec-Fetch-Site", "cross-site"}}, 403, NULL},
	{TCP, {LOCAL, {"Sec-Fetch-Site", "same-site"}}, 403, NULL},
	{TCP, {LOCAL, {"Sec-Fetch-Site", "same-origin"}}, 0, NULL},
	{TCP, {LOCAL, {"Sec-Fetch-Site", "none"}}, 0, NULL},
	{SOCK, {{"Host", "evil.example"}, {"Origin", "http://evil.example"}}, 403, NULL},
	{SOCK, {{"Origin", APP}}, 0, APP},
	/* the token */
	{FAR, {LOCAL, TOKEN}, 0, NULL},
	{FAR, {LOCAL, {"Authorization", "bearer  s3cret"}}, 0, NULL},
	{FAR, {LOCAL}, 401, NULL},
	{FAR, {LOCAL, {"Authorization", "Bearer s3cre"}}, 401, NULL},
	{FAR, {LOCAL, {"Authorization", "Bearer s3crets"}}, 401, NULL},
	{FAR, {LOCAL, {"Authorization", "Bearer "}}, 401, NULL},
	{FAR, {LOCAL, {"Authorization", "Basic s3cret"}}, 401, NULL},
	{FAR, {LOCAL, TOKEN, TOKEN}, 400, NULL},
	{FAR, {{"Host", "evil.example"}, TOKEN}, 421, NULL},
	{FAR, {LOCAL, TOKEN, {"Origin", "http://evil.example"}}, 403, NULL},
	{TCP, {LOCAL, {"Authorization", "Bearer wrong"}}, 0, NULL},
	/* framing */
	{TCP, {LOCAL, {"Content-Length", "5"}}, 0, NULL},
	{TCP, {LOCAL, {"Content-Length", "5"}, {"Content-Length", "5"}}, 400, NULL},
	{TCP, {LOCAL, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, 400, NULL},
	{TCP, {LOCAL, {"Transfer-Encoding", "chunked"}}, 0, NULL},
	{TCP, {LOCAL, {"Transfer-Encoding", "gzip, chunked"}}, 400, NULL},
	{TCP, {LOCAL, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, 400,
	    NULL},
	{TCP, {LOCAL, {"Content-Length", "-5"}}, 400, NULL},
	{TCP, {LOCAL, {"Content-Length", "+5"}}, 400, NULL},
	{TCP, {LOCAL, {"Content-Length", "5x"}}, 400, NULL},
	{TCP, {LOCAL, {"Content-Length", ""}}, 400, NULL},
	{TCP, {LOCAL, {"Content-Length", "1111111111111111111"}}, 400, NULL},
};

static void
open_door(struct door *d)
{
	static const char *const hosts[] = {"box.example"};
	static const char *const origins[] = {APP};
	struct api_options o = {.hosts = hosts, .hosts_len = 1, .origins = origins,
	    .origins_len = 1, .token = "s3cret"};

	cr_assert(eq(int, door_init(d, &o), 0));
}

static void
gather(struct door_headers *h, const char *const header[][2])
{
	memset(h, 0, sizeof(*h));
	for (int k = 0; k < HEADERS_MAX && header[k][0] != NULL; k++)
		door_header_add(h, header[k][0], header[k][1]);
}

Test(door, lets_in_who_may_ask_and_nobody_else)
{
	struct door d;

	open_door(&d);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct problem p = {0};
		struct door_headers h;
		const char *cors;

		gather(&h, cases[i].header);
		door_check(&d, cases[i].from, &h, &cors, &p);
		cr_assert(eq(int, p.status, cases[i].want), "case %zu: %s", i, p.detail);
		if (p.status != 0)
			continue;
		if (cases[i].cors == NULL)
			cr_assert_null(cors, "case %zu", i);
		else
			cr_assert_str_eq(cors, cases[i].cors);
	}
	door_finish(&d);
}

Test(door, takes_json_bodies_alone_and_not_too_long_ones)
{
	static const struct {
		const char *header[HEADERS_MAX][2];
		int want;
	} bodies[] = {
		{{{"Content-Type", "application/json"}}, 0},
		{{{"Content-Type", "Application/JSON; charset=utf-8"}}, 0},
		{{{NULL}}, 415},
		{{{"Content-Type", "text/plain"}}, 415},
		{{{"Content-Type", "application/jsonx"}}, 415},
		{{{"Content-Type", "application/x-www-form-urlencoded"}}, 415},
		{{{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}, 415},
		{{{"Content-Type", "application/json"}, {"Content-Length", "262144"}}, 0},
		{{{"Content-Type", "application/json"}, {"Content-Length", "262145"}}, 413},
	};

	for (size_t i = 0; i < LEN(bodies); i++) {
		struct problem p = {0};
		struct door_headers h;

		gather(&h, bodies[i].header);
		door_check_body(&h, &p);
		cr_assert(eq(int, p.status, bodies[i].want), "case %zu", i);
	}
}

Test(door, refuses_origins_that_would_be_everybody)
{
	static const char *const bad[] = {"*", "null", "app.example", "http://*.example"};

	for (size_t i = 0; i < LEN(bad); i++) {
		struct api_options o = {.origins = &bad[i], .origins_len = 1};
		struct door d;

		cr_assert(lt(int, door_init(&d, &o), 0), "%s", bad[i]);
	}
}

Test(door, compares_secrets_whole)
{
	cr_assert(door_same_secret("abc", "abc"));
	cr_assert(not(door_same_secret("abc", "abd")));
	cr_assert(not(door_same_secret("abc", "ab")));
	cr_assert(not(door_same_secret("abc", "")));
	cr_assert(not(door_same_secret("", "a")));
}
