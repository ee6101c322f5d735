/* SPDX-License-Identifier: ISC */
/* What is broken, and whose it is: facts in, one cause out. */
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/diagnosis.h"

#define CARRIER .carrier = true
#define ROUTED .routed = true, .ever = true
#define WELL ROUTED, CARRIER, .state = EST_ONLINE
#define DOWN ROUTED, CARRIER, .state = EST_OFFLINE

TestSuite(diagnosis, .timeout = 10);

Test(diagnosis, names_the_first_cause_that_holds)
{
	static const struct {
		struct diagnosis_facts facts;
		const char *cause, *whose; /* NULL: none */
	} cases[] = {
		{ { WELL }, NULL, NULL },
		{ { ROUTED, CARRIER, .state = EST_UNKNOWN }, NULL, NULL },
		{ { ROUTED, CARRIER, .state = EST_STALLED }, NULL, NULL },
		{ { .state = EST_OFFLINE }, "no_route", "host" },
		{ { .state = EST_ONLINE }, NULL, NULL }, /* by a proxy */
		{ { ROUTED, .state = EST_OFFLINE }, "no_carrier", "host" },
		{ { ROUTED, .state = EST_OFFLINE, .gateway = ROUTER_SILENT }, "no_carrier", "host" },
		{ { DOWN, .gateway = ROUTER_SILENT }, "gateway", "network" },
		{ { DOWN, .gateway = ROUTER_ANSWERS }, "upstream", "provider" },
		{ { DOWN }, "nothing_answers", NULL },
		{ { WELL, .names = DIAGNOSIS_NAMES_LOST }, "dns", "network" },
		{ { WELL, .names = DIAGNOSIS_NAMES_FOUND }, NULL, NULL },
		{ { DOWN, .names = DIAGNOSIS_NAMES_LOST, .gateway = ROUTER_ANSWERS }, "upstream",
		    "provider" },
		{ { DOWN, .names = DIAGNOSIS_NAMES_LOST, .no_address = true }, "dns", "network" },
		{ { DOWN, .names = DIAGNOSIS_NAMES_LOST, .no_address = true,
		      .gateway = ROUTER_SILENT }, "gateway", "network" },
		{ { ROUTED, CARRIER, .state = EST_CAPTIVE, .captive = true }, "portal", "network" },
		{ { ROUTED, CARRIER, .state = EST_CAPTIVE, .captive = true,
		      .names = DIAGNOSIS_NAMES_LOST }, "portal", "network" },
		{ { WELL, .host = "a.example", .how = "does not answer" }, "destination",
		    "destination" },
		{ { DOWN, .host = "a.example", .how = "does not answer",
		      .gateway = ROUTER_ANSWERS }, "upstream", "provider" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diagnosis_facts f = cases[i].facts;
		struct api_diagnosis d;

		f.login = "";
		f.gateway_address = "192.0.2.1";
		diagnosis_make(&f, &d);
		cr_assert_eq(d.cause == NULL, cases[i].cause == NULL, "case %zu: %s", i, d.text);
		if (!d.cause)
			continue;
		cr_assert_str_eq(d.cause, cases[i].cause, "case %zu: %s", i, d.cause);
		cr_assert_eq(d.whose == NULL, cases[i].whose == NULL, "case %zu", i);
		if (d.whose)
			cr_assert_str_eq(d.whose, cases[i].whose, "case %zu", i);
		cr_assert(d.text[0] != '\0' && d.text[strlen(d.text) - 1] == '.', "case %zu", i);
	}
}
