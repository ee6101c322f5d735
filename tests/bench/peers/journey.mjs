// SPDX-License-Identifier: ISC
// One journey of one client: the rows that it saw, and what its link could truly carry.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROWS = ".rows.csv";
const TRUTH = ".truth.csv";

const WORDS = ["kind", "id", "direction", "state", "quality", "change"];

// Our own files: no quotes, a header, "\n" ends. An empty cell is NaN, and "" in a word.
export function parseRows(text) {
	const [head, ...lines] = text.trimEnd().split("\n").map((line) => line.split(","));
	return lines.map((cells) => {
		const row = {};
		head.forEach((name, i) => {
			const cell = cells[i] ?? "";
			row[name] = WORDS.includes(name) ? cell : cell === "" ? NaN : Number(cell);
		});
		return row;
	});
}

// Capacity as steps: each row holds until the next; the last one marks the end.
export class Truth {
	constructor(rows) {
		this.t = rows.map((row) => row.t_s);
		this.kbps = rows.map((row) => row.down_kbps);
		this.area = [0];
		for (let i = 1; i < rows.length; i++)
			this.area.push(this.area[i - 1] + this.kbps[i - 1] * (this.t[i] - this.t[i - 1]));
		this.startS = this.t[0];
		this.endS = this.t.at(-1);
	}

	// Mean capacity from a to b, which lie inside the journey.
	mean(a, b) {
		return (this.#areaUntil(b) - this.#areaUntil(a)) / (b - a);
	}

	#areaUntil(t) {
		let lo = 0, hi = this.t.length - 1;
		while (lo < hi) {
			const mid = (lo + hi + 1) >> 1;
			if (this.t[mid] <= t)
				lo = mid;
			else
				hi = mid - 1;
		}
		return this.area[lo] + this.kbps[lo] * (t - this.t[lo]);
	}
}

// The journeys in a folder, NAME.CLIENT.rows.csv beside NAME.CLIENT.truth.csv, by name.
export function* journeys(folder) {
	for (const file of readdirSync(folder).filter((name) => name.endsWith(ROWS)).sort()) {
		const name = file.slice(0, -ROWS.length);
		const text = readFileSync(join(folder, file), "utf8");
		const truth = parseRows(readFileSync(join(folder, name + TRUTH), "utf8"));
		yield { name, client: name.split(".").at(-1), text, rows: parseRows(text),
			truth: new Truth(truth) };
	}
}
