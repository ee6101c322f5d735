/* SPDX-License-Identifier: ISC */
/* The table of sockets against a plain list that does the same. */
#include "daemon/passive_table.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

TestSuite(passive_table, .timeout = 20);

#define KEYS 6000

Test(passive_table, agrees_with_a_plain_list_over_many_random_changes)
{
	static bool there[KEYS];
	struct passive_table t;
	unsigned seed = 20261124;
	size_t count = 0;

	cr_assert(passive_table_init(&t) == 0);
	for (int n = 0; n < 200000; n++) {
		unsigned key = (unsigned)rand_r(&seed) % KEYS;
		/* Keys that lie close and keys that lie far apart. */
		uint64_t cookie = key % 2 ? key : (uint64_t)key << 33;
		struct passive_socket *s = passive_table_find(&t, cookie);

		cr_assert(there[key] == (s != NULL), "seed 20261124, step %d", n);
		cr_assert(s == NULL || s->cookie == cookie);
		if (s && rand_r(&seed) % 2) {
			passive_table_remove(&t, s);
			there[key] = false;
			count--;
		} else if (s == NULL) {
			s = passive_table_add(&t, cookie);
			cr_assert(count == PASSIVE_SOCKETS_MAX ? s == NULL : s != NULL);
			there[key] = s != NULL;
			count += s != NULL;
		}
		cr_assert(t.len == count);
	}
	passive_table_finish(&t);
}

Test(passive_table, can_be_emptied_while_it_is_walked_backwards)
{
	struct passive_table t;

	cr_assert(passive_table_init(&t) == 0);
	for (uint64_t i = 1; i <= 1000; i++)
		passive_table_add(&t, i);
	for (size_t i = t.len; i-- > 0;)
		if (t.at[i].cookie % 3)
			passive_table_remove(&t, &t.at[i]);
	cr_assert(t.len == 333);
	for (uint64_t i = 1; i <= 1000; i++)
		cr_assert(i % 3 == 0 ? passive_table_find(&t, i) != NULL
				     : passive_table_find(&t, i) == NULL);
	passive_table_clear(&t);
	cr_assert(t.len == 0 && passive_table_find(&t, 3) == NULL);
	passive_table_finish(&t);
}
