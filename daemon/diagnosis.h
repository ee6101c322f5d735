/* SPDX-License-Identifier: ISC */
/*
 * What is broken, and whose is it: me, my network, or them? Facts in, one cause out; pure.
 *
 *   host         no_carrier  the cable, the radio or the session is gone
 *                no_route    this host has no way out
 *   network      gateway     the gateway does not answer
 *                dns         bytes get through, but no name is found
 *                portal      a portal answers in place of the Internet
 *   provider     upstream    the gateway answers, and nothing beyond it does
 *   destination  destination one place is silent or fails while others answer
 *   not known    nothing_answers   not even whether the gateway does
 *
 * The first that holds is told: who has no carrier needs not look at DNS.
 */
#ifndef LINKQ_DAEMON_DIAGNOSIS_H
#define LINKQ_DAEMON_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/source.h"
#include "daemon/router.h"
#include "estimator/types.h"

enum diagnosis_names {
	DIAGNOSIS_NAMES_UNKNOWN,
	DIAGNOSIS_NAMES_FOUND,
	DIAGNOSIS_NAMES_LOST
};

struct diagnosis_facts {
	bool ever;            /* there was a link at all */
	bool carrier, routed;
	enum est_state state;
	bool captive;
	const char *login;    /* of the portal; "" */
	enum router_word gateway;
	const char *gateway_address; /* "" */
	enum diagnosis_names names;
	bool no_address;      /* no name could be found at all, so nobody could be asked */
	const char *host;     /* of a target that fails alone; NULL: none */
	const char *how;      /* in which way */
};

void diagnosis_make(const struct diagnosis_facts *f, struct api_diagnosis *out);

#endif
