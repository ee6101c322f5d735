/* SPDX-License-Identifier: ISC */
/*
 * Numbers as people read them. Unknown is NAN here and becomes "unknown", never 0.
 *
 * Each returns a small struct by value, to be used as printf("%s", words_ms(x).s).
 */
#ifndef LINKQ_CLI_WORDS_H
#define LINKQ_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct words {
	char s[96];
};

struct words words_kbps(double kbps);           /* 850 kbit/s, 5.2 Mbit/s, 1.3 Gbit/s */
struct words words_band(double low, double high); /* 3.3 to 7.6 Mbit/s: one unit for both */
struct words words_ms(double ms);               /* 3.4 ms, 45 ms, 1.2 s, then as below */
struct words words_s(double s);                 /* 1.3 s, 42 s, 3 min 20 s, 2 h 5 min, 3 d 4 h */
struct words words_age(double ms);               /* just now, 1.3 s ago */
struct words words_bytes(double bytes);         /* 512 B, 12 kB, 3.4 MB */
struct words words_percent(double ratio);       /* 0.2 %, 82 % */

/* With a first capital. Cut where it does not fit. */
struct words words_capital(const char *text);

/*
 * Text that came over the network, made fit for a terminal: control characters (of C0, and
 * of C1 in UTF-8) become '?', what is not UTF-8 too. Cut at a character's edge where it does
 * not fit into `cap` bytes with its NUL. Returns `out`.
 */
char *words_clean(const char *text, char *out, size_t cap);

#endif
