/* SPDX-License-Identifier: ISC */
/* Salted names by SHA-256. */
#include "daemon/digest.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/hmac.h>
#include <nettle/sha2.h>

int
digest_salt_make(struct digest_salt *out)
{
	ssize_t n;

	do
		n = getrandom(out->byte, sizeof(out->byte), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(out->byte) ? 0 : -EIO;
}

static void
add_text(struct sha256_ctx *hash, const char *text)
{
	uint64_t len = strlen(text);
	uint8_t head[8];

	for (unsigned i = 0; i < 8; i++)
		head[i] = (uint8_t)(len >> (8 * i));
	sha256_update(hash, sizeof(head), head);
	sha256_update(hash, (size_t)len, (const uint8_t *)text);
}

uint64_t
digest_number(const struct digest_salt *salt, const char *a, const char *b)
{
	struct sha256_ctx hash;
	uint8_t out[8];
	uint64_t number = 0;

	sha256_init(&hash);
	sha256_update(&hash, sizeof(salt->byte), salt->byte);
	add_text(&hash, a);
	add_text(&hash, b);
	sha256_digest(&hash, sizeof(out), out);
	for (unsigned i = 0; i < 8; i++)
		number = number << 8 | out[i];
	return number;
}

void
digest_name(const struct digest_salt *salt, const char *a, const char *b,
    size_t characters, char *out)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648, 6 */
	uint64_t number = digest_number(salt, a, b);

	assert(characters <= 12);
	for (size_t i = 0; i < characters; i++) {
		out[i] = alphabet[number >> 59];
		number <<= 5;
	}
	out[characters] = '\0';
}

void
digest_sign(const char *secret, const char *stamp, const char *body, char hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	struct hmac_sha256_ctx hmac;
	uint8_t out[SHA256_DIGEST_SIZE];

	hmac_sha256_set_key(&hmac, strlen(secret), (const uint8_t *)secret);
	hmac_sha256_update(&hmac, strlen(stamp), (const uint8_t *)stamp);
	hmac_sha256_update(&hmac, 1, (const uint8_t *)".");
	hmac_sha256_update(&hmac, strlen(body), (const uint8_t *)body);
	hmac_sha256_digest(&hmac, sizeof(out), out);
	for (size_t i = 0; i < sizeof(out); i++) {
		hex[2 * i] = digits[out[i] >> 4];
		hex[2 * i + 1] = digits[out[i] & 15];
	}
	hex[2 * sizeof(out)] = '\0';
}
