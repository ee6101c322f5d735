/* SPDX-License-Identifier: ISC */
/*
 * Salted names: what must be told apart but not read back; and signatures. The only file that includes
 * <nettle/..>.
 */
#ifndef LINKQ_DAEMON_DIGEST_H
#define LINKQ_DAEMON_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SALT_BYTES 32

struct digest_salt {
	uint8_t byte[DIGEST_SALT_BYTES];
};

/* Fresh randomness from the kernel. 0 or a negative errno. */
int digest_salt_make(struct digest_salt *out);

/* SHA-256 over the salt and two texts (each with its length, so that they do not run into
 * each other), as 64 bits. */
uint64_t digest_number(const struct digest_salt *salt, const char *a, const char *b);

/* The same as base32 (a-z, 2-7) of `characters` characters and a NUL. At most 12. */
void digest_name(const struct digest_salt *salt, const char *a, const char *b,
    size_t characters, char *out);

/* HMAC-SHA-256 of "stamp.body" by this secret, as hexadecimal digits and a NUL. */
#define DIGEST_HEX 65
void digest_sign(const char *secret, const char *stamp, const char *body,
    char hex[DIGEST_HEX]);

#endif
