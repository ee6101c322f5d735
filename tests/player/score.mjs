// SPDX-License-Identifier: ISC
// What a ride was worth to its viewer.
//
// Of each segment that was played: its bit rate q in Mbit/s, less what a second without a
// picture costs, less the change from the segment before; their mean. `lin` takes 4.3 Mbit/s
// a second and leaves the start out; `top` takes the highest rendition's rate and counts the
// start; `log` takes ln(q / lowest) and 2.66.
export function score(ride, segments) {
	const q = ride.played.slice(0, segments).map((level) => ride.levels[level]);
	const top = Math.max(...ride.levels), low = Math.min(...ride.levels);
	const mean = (values) => values.reduce((sum, v) => sum + v, 0) / q.length;
	const change = (f) => mean(q.map((v, i) => i ? Math.abs(f(v) - f(q[i - 1])) : 0));
	const log = (v) => Math.log(v / low);

	return {kbps: 1000 * mean(q), stall_s: ride.stall_s, startup_s: ride.startup_s,
		switches: q.filter((v, i) => i && v !== q[i - 1]).length, left: ride.left.length,
		lin: mean(q) - 4.3 * ride.stall_s / q.length - change((v) => v),
		top: mean(q) - top * (ride.stall_s + ride.startup_s) / q.length - change((v) => v),
		log: mean(q.map(log)) - 2.66 * ride.stall_s / q.length - change(log)};
}

export function median(values) {
	const sorted = values.slice().sort((a, b) => a - b);
	const half = sorted.length >> 1;

	return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
