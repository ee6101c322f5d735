/* SPDX-License-Identifier: ISC */
/* The grid of levels: tables, quantiles, and moving mass along it. */
#include "estimator/level.h"

#include <assert.h>
#include <math.h>

/* 2^level_at(i) - 32 */
const float level_kbps[LEVELS] = {
	1.75251445f, 5.55073472f, 9.77637433f, 14.4775314f,
	19.7077166f, 25.5264623f, 32.0f, 39.2020145f,
	47.2144823f, 56.1286049f, 66.0458469f, 77.0790907f,
	89.3539218f, 103.010058f, 118.202939f, 135.105497f,
	153.910126f, 174.830866f, 198.105849f, 224.0f,
	252.808058f, 284.857929f, 320.51442f, 360.183387f,
	404.316363f, 453.415687f, 508.040231f, 568.811756f,
	636.421989f, 711.640502f, 795.323466f, 888.423397f,
	992.0f, 1107.23223f, 1235.43172f, 1378.05768f,
	1536.73355f, 1713.26545f, 1909.66275f, 2128.16092f,
	2371.24702f, 2641.68796f, 2942.56201f, 3277.29386f,
	3649.69359f, 4064.0f, 4524.92893f, 5037.72686f,
	5608.23071f, 6242.9342f, 6949.06181f, 7734.651f,
	8608.6437f, 9580.98809f, 10662.7518f, 11866.248f,
	13205.1755f, 14694.7743f, 16352.0f, 18195.7157f,
	20246.9075f, 22528.9228f, 25067.7368f, 27892.2472f,
	31034.604f, 34530.5748f, 38419.9524f, 42747.0073f,
	47560.9921f, 52916.7018f, 58875.0974f, 65504.0f,
	72878.8628f, 81083.6298f, 90211.6914f, 100366.947f,
	111664.989f, 124234.416f, 138218.299f, 153775.809f,
	171084.029f, 190339.969f, 211762.807f, 235596.39f,
	262112.0f, 291611.451f, 324430.519f, 360942.766f,
	401563.789f, 446755.956f, 497033.664f, 552969.197f,
	615199.238f, 684432.117f, 761455.874f, 847147.229f,
	942481.558f, 1048544.0f, 1166541.81f, 1297818.08f,
	1443867.06f, 1606351.16f, 1787119.82f, 1988230.66f,
	2211972.79f, 2460892.95f, 2737824.47f, 3045919.5f,
	3388684.92f, 3770022.23f, 4194272.0f, 4666263.22f,
};

const float level_log2_kbps[LEVELS] = {
	0.809426338f, 2.47267875f, 3.28929953f, 3.85574372f,
	4.30068873f, 4.6739217f, 5.0f, 5.29285589f,
	5.56115755f, 5.8106643f, 6.04539594f, 6.26826765f,
	6.48145915f, 6.6866414f, 6.8851221f, 7.07794257f,
	7.26594434f, 7.44981611f, 7.63012767f, 7.80735492f,
	7.98189864f, 8.15409875f, 8.32424545f, 8.49258783f,
	8.65934078f, 8.8246905f, 8.98879894f, 9.15180747f,
	9.31383987f, 9.47500481f, 9.63539793f, 9.79510358f,
	9.95419631f, 10.1127421f, 10.2707996f, 10.4284206f,
	10.5856513f, 10.742533f, 10.8991022f, 11.0553915f,
	11.2114302f, 11.3672443f, 11.5228571f, 11.6782893f,
	11.8335596f, 11.9886847f, 12.1436794f, 12.2985572f,
	12.45333f, 12.6080085f, 12.7626025f, 12.9171205f,
	13.0715702f, 13.2259587f, 13.3802922f, 13.5345762f,
	13.6888158f, 13.8430156f, 13.9971795f, 14.1513112f,
	14.3054139f, 14.4594907f, 14.6135441f, 14.7675766f,
	14.9215901f, 15.0755867f, 15.2295681f, 15.3835358f,
	15.5374912f, 15.6914355f, 15.8453699f, 15.9992954f,
	16.1532128f, 16.3071231f, 16.4610268f, 16.6149247f,
	16.7688174f, 16.9227054f, 17.0765891f, 17.230469f,
	17.3843456f, 17.538219f, 17.6920897f, 17.8459579f,
	17.9998239f, 18.1536878f, 18.30755f, 18.4614106f,
	18.6152697f, 18.7691274f, 18.922984f, 19.0768396f,
	19.2306942f, 19.3845479f, 19.5384009f, 19.6922532f,
	19.8461049f, 19.999956f, 20.1538066f, 20.3076567f,
	20.4615065f, 20.6153559f, 20.7692049f, 20.9230537f,
	21.0769022f, 21.2307505f, 21.3845985f, 21.5384464f,
	21.6922941f, 21.8461416f, 21.999989f, 22.1538363f,
};

float
level_of_kbps(float kbps)
{
	assert(kbps >= 0.0f);
	return num_log2(kbps + LEVEL_EPS_KBPS);
}

float
level_to_kbps(float y)
{
	const float kbps = num_exp2(y) - LEVEL_EPS_KBPS;

	return kbps > 0.0f ? kbps : 0.0f;
}

float
level_sum(const float mass[LEVELS])
{
	v4f sum = v4_all(0.0f);

	for (int i = 0; i < LEVELS; i += 4)
		sum += v4_load(mass + i);
	return v4_sum(sum);
}

float
level_quantile(const float mass[LEVELS], float q)
{
	const float want = q * level_sum(mass);
	float below = 0.0f;

	for (int i = 0; i < LEVELS; i++) {
		if (below + mass[i] >= want && mass[i] > 0.0f) {
			const float inside = num_clamp((want - below) / mass[i], 0.0f, 1.0f);

			return LEVEL_BASE + ((float)i + inside) / LEVELS_AN_OCTAVE;
		}
		below += mass[i];
	}
	return LEVEL_BASE;
}

void
level_quantiles(const float mass[LEVELS], const float *q, float *y, int n)
{
	const float sum = level_sum(mass);
	float below = 0.0f;
	int k = 0;

	for (int i = 0; i < LEVELS && k < n; i++) {
		while (k < n && below + mass[i] >= q[k] * sum && mass[i] > 0.0f) {
			const float inside =
			    num_clamp((q[k] * sum - below) / mass[i], 0.0f, 1.0f);

			y[k++] = LEVEL_BASE + ((float)i + inside) / LEVELS_AN_OCTAVE;
		}
		below += mass[i];
	}
	for (; k < n; k++) /* rounding left nothing above, or there is no mass */
		y[k] = k > 0 ? y[k - 1] : LEVEL_BASE;
}

void
level_add_moved(float to[LEVELS], const float from[LEVELS], float weight, float octaves)
{
	const float bins = num_clamp(octaves * LEVELS_AN_OCTAVE, -LEVELS, LEVELS);
	const float whole = floorf(bins);
	const int by = (int)whole;
	const float upper = weight * (bins - whole), lower = weight - upper;

	/* Bin i goes to i + by and, with the fraction, to i + by + 1. */
	const int first = by < 0 ? -by : 0;
	const int end = LEVELS - 1 - (by > 0 ? by : 0);
	float out = 0.0f;
	int i = first;

	for (; i + 4 <= end; i += 4)
		v4_store(to + i + by, v4_load(to + i + by) + lower * v4_load(from + i));
	for (; i < end; i++)
		to[i + by] += lower * from[i];
	for (i = first; i + 4 <= end; i += 4)
		v4_store(to + i + by + 1, v4_load(to + i + by + 1) + upper * v4_load(from + i));
	for (; i < end; i++)
		to[i + by + 1] += upper * from[i];
	for (i = 0; i < first && i < LEVELS; i++)
		out += from[i];
	to[0] += weight * out;
	out = 0.0f;
	for (i = end > first ? end : first; i < LEVELS; i++)
		out += from[i];
	to[LEVELS - 1] += weight * out;
}

void
level_diffuse(float mass[LEVELS], float variance)
{
	const float v = variance * LEVELS_AN_OCTAVE * LEVELS_AN_OCTAVE;
	const float a = v / (v + 1.0f + sqrtf(1.0f + 2.0f * v));
	const float scale = (1.0f - a) / (1.0f + a);
	float forward[LEVELS], run = 0.0f;

	assert(variance >= 0.0f);
	for (int i = 0; i < LEVELS; i++)
		forward[i] = run = mass[i] + a * run;
	run = 0.0f;
	for (int i = LEVELS - 1; i >= 0; i--) {
		const float here = mass[i];

		mass[i] = scale * (forward[i] + a * run);
		run = here + a * run;
	}
}

void
level_normalise(float mass[LEVELS])
{
	const float sum = level_sum(mass);

	assert(isfinite(sum));
	for (int i = 0; i < LEVELS; i++)
		mass[i] = sum > 1e-20f ? mass[i] / sum : 1.0f / LEVELS;
}
