// SPDX-License-Identifier: ISC
// Is the bench itself right? Transfers of a known rate have to give about that rate from
// everyone, and the scores of answers that can be judged by hand have to be those.
//
// Throws with what is wrong; returns how many checks were made.
import { Truth, parseRows } from "./journey.mjs";
import { figures, judge } from "./score.mjs";

const HEAD = "t_s,kind,bytes,duration_s,ttfb_s,ok\n";
const TTFB_S = 0.04;

// Rows of transfers one after another, each of them periodS long after a wait of ttfbS, at
// these body rates; a progress row in the middle of each and a tick at its end.
function transfers(kbpsOfEach, periodS = 1, ttfbS = TTFB_S) {
	let text = HEAD;
	const row = (kind, t, bytes, duration, ok) =>
		(text += `${t.toFixed(3)},${kind},${bytes},${duration},${ttfbS},${ok}\n`);
	const bytes = (kbps, s) => Math.round(kbps * 125 * (s - ttfbS));
	kbpsOfEach.forEach((kbps, i) => {
		const half = periodS / 2, end = (i + 1) * periodS;
		row("progress", end - half, bytes(kbps, half), half, "");
		row("transfer", end, bytes(kbps, periodS), periodS, 1);
		text += `${end.toFixed(3)},tick,,,,\n`;
	});
	return text;
}

// 4000 kbit/s in pieces too short for any report but that at the end; the wait is a fifth.
const SHORT = transfers(Array(100).fill(4000), 0.08, 0.016);

// Eight seconds of a tenth of the rate: everyone follows more than half of the way.
const DROP = transfers([...Array(20).fill(5000), ...Array(8).fill(500)]);

// Half of a body, then nothing, then given up: bytes came, so it is news for everyone.
const CUT = transfers(Array(20).fill(5000)) + `30,progress,50000,10,${TTFB_S},
35,transfer,50000,15,${TTFB_S},0
35,tick,,,,
`;

// Answers at each half second of a link of 4064 kbit/s (12 on the scale of scores) that is
// dead from 60 to 70 s, or from never.
function scored(dead, answer) {
	const steps = dead ? [[0, 4064], [60, 0], [70, 4064], [130, 0]] : [[0, 4064], [130, 0]];
	const truth = new Truth(steps.map(([t_s, down_kbps]) => ({ t_s, down_kbps })));
	const answers = Array.from({ length: 260 }, (_, i) => ({ t_s: i / 2, ...answer(i / 2) }));
	return figures(judge({ rows: [{ t_s: 0, bytes: 1 }], truth }, answers));
}

function smokeScores() {
	const point = (kbps) => ({ p10: kbps, p50: kbps, p90: kbps, offline: false });
	const half = scored(false, () => point(2016));
	const spread = scored(false, () => ({ p10: 992, p50: 2016, p90: 4064, offline: false }));
	const deaf = scored(true, () => point(4064));
	const told = scored(true, (t) => point(t >= 62 && t < 74 ? 0 : 4064));
	const wrong = [
		["half of the truth, error", half.error, 1],
		["half of the truth, wis", half.wis, 1],
		["a spread that just covers, wis", spread.wis, 0.7 / 1.5],
		["a spread that just covers, cover80", spread.cover80, 1],
		["an outage unheard, missed", deaf.missed, 1],
		["an outage unheard, detect", deaf.detect_p50, 10],
		["an outage heard, missed", told.missed, 0],
		["an outage heard, detect", told.detect_p50, 2],
		["an outage heard, recover", told.recover_p50, 4],
		["an outage heard, false", told.false_per_hour, 0],
	].filter(([, got, want]) => !(Math.abs(got - want) < 1e-9));
	if (wrong.length)
		throw new Error(`scores: ${wrong.map(([what, got, want]) =>
			`${what}: ${got}, not ${want}`).join("; ")}`);
	return 10;
}

export function smoke(ours, players) {
	let checks = smokeScores();
	const check = (name, estimate, what, text, lo, hi) => {
		const got = estimate({ name: what, text, rows: parseRows(text) }).at(-1).p50;
		checks++;
		if (!(got >= lo && got <= hi))
			throw new Error(`${name}: ${what}: ${got} kbit/s, not ${lo} to ${hi}`);
	};
	for (const [name, estimate] of [...ours, ...players]) {
		for (const kbps of [400, 4000, 40000])
			check(name, estimate, `steady ${kbps}`, transfers(Array(30).fill(kbps)),
				0.8 * kbps, 1.2 * kbps);
		check(name, estimate, "5000, then 500", DROP, 250, 2500);
	}
	for (const [name, estimate] of players) {
		check(name, estimate, "short transfers", SHORT, 3000, 4400);
		check(name, estimate, "a request cut off", CUT, 0, 4500);
	}
	return checks;
}
