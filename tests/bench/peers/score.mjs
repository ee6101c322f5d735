// SPDX-License-Identifier: ISC
// How an estimator's answers are judged against what the link could truly carry.
//
// The truth at a tick is the mean capacity over the next 5 s. Rates are compared as
// log2(kbit/s + 32): a factor of two is 1 anywhere above a few hundred kbit/s, and among
// rates too low for anything differences hardly count. Ticks are judged from 5 s after the
// first payload byte; without one, a journey says nothing.
//
//   error    mean |log2((p50 + 32) / (truth + 32))|
//   wis      mean weighted interval score of p10, p50, p90 on that scale (Bracher et al.
//            2021, one interval): (|p50 - truth| / 2 + 0.1 * (p90 - p10)
//            + max(0, p10 - truth) + max(0, truth - p90)) / 1.5. It rewards a spread that is
//            as wide as it has to be. Who states no spread has a point for an interval,
//            and then wis equals error.
//   cover80  share of ticks whose truth lies in p10..p90; honest is 0.80. Who states no
//            spread has none
//   answers  share of ticks with any answer; only those are in error, wis and cover80
//   missed   outages (capacity under 64 kbit/s for 3 s or longer) during which no tick says
//            `offline` or p50 < 128 kbit/s: "missed/all"
//   detect   seconds from an outage's begin to the first such tick, median and 90 %
//            quantile; a missed outage counts with its length
//   false    times an hour that a run of such ticks begins though the link carried at least
//            256 kbit/s in each half second of the last two
//   recover  seconds from an outage's end to the first tick with p50 within a factor of two of
//            the truth, median and 90 % quantile; at most until the next outage, and 30 s.
//            Who never noticed the outage has nothing to recover from: read it with `missed`

const HORIZON_S = 5;
const WARM_UP_S = 5;
const OUTAGE_KBPS = 64;
const OUTAGE_S = 3;
const SAYS_DOWN_KBPS = 128;
const SURELY_UP_KBPS = 256;
const RECOVER_S = 30;

const scale = (kbps) => Math.log2(Math.max(kbps, 0) + 32);

export function outages(truth) {
	const found = [];
	let begin = null;
	truth.t.forEach((t, i) => {
		const down = truth.kbps[i] < OUTAGE_KBPS && t < truth.endS;
		if (down)
			begin ??= t;
		else if (begin !== null) {
			if (t - begin >= OUTAGE_S && t < truth.endS)
				found.push({ begin, end: t });
			begin = null;
		}
	});
	return found;
}

const saysDown = (answer) => answer.offline || answer.p50 < SAYS_DOWN_KBPS;

function judgeTick(tally, answer, truth) {
	tally.ticks++;
	if (!Number.isFinite(answer.p50))
		return;
	tally.answers++;
	const y = scale(truth.mean(answer.t_s, answer.t_s + HORIZON_S));
	const [lo, mid, hi] = [answer.p10, answer.p50, answer.p90].map(scale);
	const error = Math.abs(mid - y);
	tally.error += error;
	tally.wis += (error / 2 + (hi - lo) / 10 + Math.max(0, lo - y) + Math.max(0, y - hi)) / 1.5;
	tally.width += hi - lo;
	tally.covered += lo <= y && y <= hi ? 1 : 0;
}

function judgeOutage(tally, answers, truth, { begin, end }, next) {
	const noticed = answers.find((a) => a.t_s >= begin && a.t_s <= end && saysDown(a));
	tally.outages++;
	tally.missed += noticed ? 0 : 1;
	tally.detect.push((noticed ? noticed.t_s : end) - begin);

	const last = Math.min(end + RECOVER_S, next, truth.endS - HORIZON_S);
	if (last <= end)
		return;
	const back = answers.find((a) => a.t_s >= end && a.t_s <= last
		&& Math.abs(scale(a.p50) - scale(truth.mean(a.t_s, a.t_s + HORIZON_S))) <= 1);
	tally.recover.push((back ? back.t_s : last) - end);
}

function carriedWell(truth, t) {
	for (let k = 1; k <= 4; k++)
		if (truth.mean(t - k / 2, t - k / 2 + 0.5) < SURELY_UP_KBPS)
			return false;
	return true;
}

const empty = () => ({ ticks: 0, answers: 0, error: 0, wis: 0, width: 0, covered: 0, outages: 0,
	missed: 0, detect: [], false: 0, seconds: 0, recover: [] });

// The tally of one journey.
export function judge(journey, answers) {
	const tally = empty();
	const { rows, truth } = journey;
	const evidence = rows.find((row) => row.bytes > 0);
	if (!evidence)
		return tally;
	const from = evidence.t_s + WARM_UP_S;
	const judged = answers.filter((a) => a.t_s >= from && a.t_s + HORIZON_S <= truth.endS);

	let down = false;
	judged.forEach((answer, i) => {
		judgeTick(tally, answer, truth);
		tally.seconds += i ? answer.t_s - judged[i - 1].t_s : 0;
		if (saysDown(answer) && !down && carriedWell(truth, answer.t_s))
			tally.false++;
		down = saysDown(answer);
	});
	const real = outages(truth).filter((outage) => outage.begin >= from);
	real.forEach((outage, i) =>
		judgeOutage(tally, answers, truth, outage, real[i + 1]?.begin ?? Infinity));
	return tally;
}

export function add(tallies) {
	const sum = empty();
	for (const tally of tallies)
		for (const key of Object.keys(sum))
			sum[key] = Array.isArray(sum[key]) ? sum[key].concat(tally[key]) : sum[key] + tally[key];
	return sum;
}

// The quantile q of values, interpolated; NaN of none.
function quantile(values, q) {
	const sorted = [...values].sort((a, b) => a - b);
	const at = q * (sorted.length - 1);
	const below = sorted[Math.floor(at)] ?? NaN, above = sorted[Math.ceil(at)] ?? NaN;
	return below + (at - Math.floor(at)) * (above - below);
}

export function figures(tally) {
	return {
		error: tally.error / tally.answers,
		wis: tally.wis / tally.answers,
		cover80: tally.width > 0 ? tally.covered / tally.answers : NaN,
		answers: tally.answers / tally.ticks,
		missed: tally.missed,
		outages: tally.outages,
		detect_p50: quantile(tally.detect, 0.5),
		detect_p90: quantile(tally.detect, 0.9),
		false_per_hour: tally.false / (tally.seconds / 3600),
		recover_p50: quantile(tally.recover, 0.5),
		recover_p90: quantile(tally.recover, 0.9),
		ticks: tally.ticks,
	};
}
