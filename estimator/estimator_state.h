/* SPDX-License-Identifier: ISC */
/* The state of one link's estimate, visible so that the caller can embed it. */
#ifndef LINKQ_ESTIMATOR_ESTIMATOR_STATE_H
#define LINKQ_ESTIMATOR_ESTIMATOR_STATE_H

#include <stdint.h>

struct est {
	int64_t now_us;
};

#endif
