// SPDX-License-Identifier: ISC
// The figures as text: one block a client, one line an estimator, the best wis first.
import { figures } from "./score.mjs";

const number = (digits) => (x) => (Number.isFinite(x) ? x.toFixed(digits) : "-");
const pair = (a, b) => `${number(1)(a)} / ${number(1)(b)}`;

const COLUMNS = [
	["error", 7, (f) => number(3)(f.error)],
	["wis", 7, (f) => number(3)(f.wis)],
	["cover80", 9, (f) => number(2)(f.cover80)],
	["answers", 9, (f) => number(2)(f.answers)],
	["missed", 9, (f) => (f.outages ? `${f.missed}/${f.outages}` : "-")],
	["detect s", 13, (f) => pair(f.detect_p50, f.detect_p90)],
	["false/h", 9, (f) => number(2)(f.false_per_hour)],
	["recover s", 13, (f) => pair(f.recover_p50, f.recover_p90)],
];

export function block(title, tallies) {
	const lines = [...tallies].map(([name, tally]) => [name, figures(tally)]);
	lines.sort(([, a], [, b]) => a.wis - b.wis);
	const head = "".padEnd(14) + COLUMNS.map(([name, width]) => name.padStart(width)).join("");
	return [`${title}, ${lines[0][1].ticks} ticks`, head, ...lines.map(([name, f]) =>
		name.padEnd(14) + COLUMNS.map(([, width, text]) => text(f).padStart(width)).join(""))]
		.join("\n");
}
