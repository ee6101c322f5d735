/* SPDX-License-Identifier: ISC */
/* Where the daemon is looked for, and in which order. */
#include "daemon/cli/find.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#define LEN(a) (sizeof(a) / sizeof(a)[0])

TestSuite(find, .timeout = 10);

Test(find, tries_the_places_in_the_order_of_the_manual)
{
	static const struct {
		const char *connect, *linkq_socket, *runtime_socket;
		const char *first, *second; /* NULL: no such place */
		bool socket;                /* the first one */
	} cases[] = {
		{ "/a/b", "/c", "/r/s", "/a/b", NULL, true },
		{ NULL, "/c", "/r/s", "/c", NULL, true },
		{ NULL, "http://h:1", "/r/s", "http://h:1", NULL, false },
		{ NULL, NULL, "/r/s", "/r/s", "http://127.0.0.1:8790", true },
		{ NULL, "", "/r/s", "/r/s", "http://127.0.0.1:8790", true },
		{ NULL, NULL, "", "http://127.0.0.1:8790", NULL, false },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct find_place place[FIND_PLACES_MAX];
		char why[200];
		int n = find_places(cases[i].connect, cases[i].linkq_socket,
		    cases[i].runtime_socket, place, why, sizeof why);

		cr_assert_eq(n, cases[i].second != NULL ? 2 : 1, "case %zu", i);
		cr_assert_str_eq(place[0].at, cases[i].first);
		cr_assert_eq(place[0].is_socket, cases[i].socket);
		if (cases[i].second != NULL) {
			cr_assert_str_eq(place[1].at, cases[i].second);
			cr_assert_not(place[1].is_socket);
		}
	}
}

Test(find, tells_sockets_from_urls)
{
	static const struct {
		const char *connect, *at;
		bool socket;
	} cases[] = {
		{ "http://localhost:8790/", "http://localhost:8790", false },
		{ "https://example.test", "https://example.test", false },
		{ "127.0.0.1:8790", "http://127.0.0.1:8790", false },
		{ "[::1]:8790", "http://[::1]:8790", false },
		{ "linkqd.sock", "linkqd.sock", true },
		{ "./a:80", "./a:80", true },
		{ "unix:/run/x", "/run/x", true },
		{ "ftp://localhost", NULL, false },
		{ "", NULL, false },
		{ "127.0.0.1:65536", NULL, false },
		{ "localhost:99999999999999999999", NULL, false },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct find_place place[FIND_PLACES_MAX];
		char why[200] = "";
		int n = find_places(cases[i].connect, NULL, NULL, place, why, sizeof why);

		if (cases[i].at == NULL) {
			cr_assert_eq(n, -EINVAL);
			cr_assert_neq(*why, '\0');
			continue;
		}
		cr_assert_eq(n, 1);
		cr_assert_str_eq(place[0].at, cases[i].at);
		cr_assert_eq(place[0].is_socket, cases[i].socket);
	}
}

Test(find, refuses_a_path_that_no_socket_can_have)
{
	char path[200], why[200];
	struct find_place place[FIND_PLACES_MAX];

	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	cr_assert_eq(find_places(path, NULL, NULL, place, why, sizeof why), -EINVAL);
}
