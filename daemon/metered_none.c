/* SPDX-License-Identifier: ISC */
/* Built without libdbus: whether a connection is metered is never known. */
#include "daemon/metered.h"

#include <stddef.h>

int
metered_create(struct loop *loop, metered_fn *changed, void *arg, struct metered **out)
{
	(void)loop, (void)changed, (void)arg;
	*out = NULL;
	return 0;
}

void
metered_destroy(struct metered *m)
{
	(void)m;
}
