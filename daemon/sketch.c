/* SPDX-License-Identifier: ISC */
/* How often which value was seen, on a logarithmic scale. */
#include "daemon/sketch.h"

#include <assert.h>
#include <string.h>

void
sketch_clear(struct sketch *s)
{
	if (s->end > 0)
		memset(s->weight + s->low, 0, (s->end - s->low) * sizeof s->weight[0]);
	s->total = 0;
	s->low = s->end = 0;
}

unsigned
sketch_bin(uint32_t value)
{
	unsigned e;

	if (value < 128)
		return value;
	e = 31 - (unsigned)__builtin_clz(value);
	return 128 + 64 * (e - 7) + ((value >> (e - 6)) - 64);
}

uint32_t
sketch_value(unsigned bin)
{
	unsigned e;

	assert(bin < SKETCH_BINS);
	if (bin < 128)
		return bin;
	e = (bin - 128) / 64 + 7;
	return ((64 + (bin - 128) % 64) << (e - 6)) + (1u << (e - 7)) - 1;
}

void
sketch_add(struct sketch *s, unsigned bin, uint32_t weight)
{
	assert(bin < SKETCH_BINS);
	if (weight == 0)
		return;
	s->weight[bin] = weight < UINT32_MAX - s->weight[bin] ? s->weight[bin] + weight :
								UINT32_MAX;
	s->total += weight;
	if (s->end == 0 || bin < s->low)
		s->low = bin;
	if (bin >= s->end)
		s->end = bin + 1;
}

uint32_t
sketch_quantile(const struct sketch *s, unsigned tenths)
{
	uint64_t below = 0;

	assert(s->total > 0);
	for (unsigned i = s->low; i < s->end; i++) {
		below += s->weight[i];
		if (10 * below >= tenths * s->total)
			return sketch_value(i);
	}
	return sketch_value(s->end - 1); /* only where a weight was cut */
}

size_t
varint_put(unsigned char *out, uint64_t n)
{
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		out[len++] = (unsigned char)(n | 0x80);
	out[len++] = (unsigned char)n;
	return len;
}

size_t
varint_get(const unsigned char *bytes, size_t len, uint64_t *n)
{
	uint64_t got = 0;

	for (size_t i = 0; i < len && i < 10; i++) {
		got |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
		if (bytes[i] < 0x80) {
			*n = got;
			return i + 1;
		}
	}
	return 0;
}

size_t
sketch_write(const struct sketch *s, unsigned char *out)
{
	unsigned bins = 0, last = 0;
	size_t len;

	for (unsigned i = s->low; i < s->end; i++)
		bins += s->weight[i] > 0;
	len = varint_put(out, bins);
	for (unsigned i = s->low; i < s->end; i++) {
		if (s->weight[i] == 0)
			continue;
		len += varint_put(out + len, i - last);
		len += varint_put(out + len, s->weight[i]);
		last = i;
	}
	assert(len <= SKETCH_BYTES_MAX);
	return len;
}

size_t
sketch_merge(struct sketch *s, const unsigned char *bytes, size_t len)
{
	uint64_t bins, step, weight, bin = 0;
	size_t at = varint_get(bytes, len, &bins), n;

	if (at == 0 || bins > SKETCH_BINS)
		return 0;
	for (; bins > 0; bins--) {
		n = varint_get(bytes + at, len - at, &step);
		at += n;
		if (n == 0 || (n = varint_get(bytes + at, len - at, &weight)) == 0)
			return 0;
		at += n;
		bin = step < SKETCH_BINS ? bin + step : SKETCH_BINS;
		if (bin >= SKETCH_BINS || weight > UINT32_MAX)
			return 0;
		sketch_add(s, (unsigned)bin, (uint32_t)weight);
	}
	return at;
}
