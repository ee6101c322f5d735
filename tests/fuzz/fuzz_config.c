/* SPDX-License-Identifier: ISC */
/* Fuzz: a configuration file, and one argument of --set. What was taken must print, and what
 * was printed must be taken again and print the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"

static char why[CONF_WHY_MAX];

static void
must(bool so)
{
	if (!so)
		abort();
}

static char *
print(const struct conf *c, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	must(f != NULL);
	conf_print(c, f);
	must(fclose(f) == 0);
	return text;
}

static void
round_trip(const struct conf *c)
{
	struct conf again;
	size_t first_len, second_len;
	char *first = print(c, &first_len), *second;

	conf_init(&again);
	must(conf_load_text(&again, "printed", first, first_len, why, sizeof why) == 0);
	second = print(&again, &second_len);
	must(first_len == second_len && memcmp(first, second, first_len) == 0);
	free(first);
	free(second);
	conf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct conf c;
	char argument[256];
	size_t argument_len = len < sizeof argument ? len : sizeof argument - 1;

	conf_init(&c);
	if (conf_load_text(&c, "fuzz", (const char *)data, len, why, sizeof why) == 0)
		round_trip(&c);
	else
		must(why[0] != '\0');
	memcpy(argument, data, argument_len);
	argument[argument_len] = '\0';
	if (conf_set(&c, argument, why, sizeof why) == 0)
		round_trip(&c);
	else
		must(why[0] != '\0' && strchr(why, '\n') == NULL);
	(void)conf_check(&c, why, sizeof why);
	conf_finish(&c);
	return 0;
}
