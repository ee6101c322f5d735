// SPDX-License-Identifier: ISC
// The parts of contrib/hlsjs that need no browser.
import {readFileSync} from "node:fs";

// A browser takes a .js for a module where the page says so, an old node never does.
const load = (name) => import("data:text/javascript," +
	encodeURIComponent(readFileSync(new URL(`../../contrib/hlsjs/${name}`, import.meta.url), "utf8")));
const {Choice} = await load("linkq-choice.js");
const {Linkq} = await load("linkq.js");

const RUNGS = 5;

/* A question and an answer: `hint` is the index that the daemon names, p50 and p90 what the lowest rung takes. */
function asked({buffer_s, current, hint, p50, p90 = 1.3 * p50}) {
	const fetch_s = (i) => ({p10: p50 * 2 ** i / 2, p50: p50 * 2 ** i, p90: p90 * 2 ** i});

	return [{buffer_s, max_buffer_s: 32, segment_s: 2, playback_rate: 1, ...(current === undefined ? {} : {current: String(current)})},
		{index: hint, renditions: Array.from({length: RUNGS}, (_, i) => ({id: String(i), fetch_s: fetch_s(i)}))}];
}

const choices = [
	["starts with what is there in a quarter of its length", [{buffer_s: 0, hint: 4, p50: 0.15}], "1"],
	["starts where the hint says on a fast link", [{buffer_s: 0, hint: 4, p50: 0.01}], "4"],
	["goes up at once where there is no doubt", [{buffer_s: 4, current: 1, hint: 4, p50: 0.04}], "4"],
	["never goes above the hint", [{buffer_s: 4, current: 1, hint: 2, p50: 0.01}], "2"],
	["fills the buffer before it takes what the link just carries", [{buffer_s: 5, current: 2, hint: 4, p50: 0.1},
		{buffer_s: 6, current: 2, hint: 4, p50: 0.1}], "3"],
	["takes it when the buffer is full", [{buffer_s: 17, current: 3, hint: 4, p50: 0.1},
		{buffer_s: 18, current: 3, hint: 4, p50: 0.1}], "4"],
	["goes up only as far as was said twice", [{buffer_s: 17, current: 1, hint: 1, p50: 0.15},
		{buffer_s: 17, current: 1, hint: 4, p50: 0.15}], "1"],
	["waits with one step down while the buffer lasts", [{buffer_s: 12, current: 3, hint: 2, p50: 0.5}], "3"],
	["steps down when it would not last", [{buffer_s: 6, current: 3, hint: 2, p50: 0.5}], "1"],
	["goes far down at once", [{buffer_s: 12, current: 4, hint: 0, p50: 1.5}], "0"],
	["spends no more than half of a full buffer on one fetch", [{buffer_s: 20, current: 4, hint: 4, p50: 2}], "2"],
];

async function choose(report) {
	for (const [sentence, steps, wanted] of choices) {
		const choice = new Choice();
		const got = steps.map((step) => choice.take(...asked(step))).at(-1);

		report(`choice: ${sentence}`, got === wanted, {got, wanted});
	}
}

/* A daemon that answers as `manner` says; what was sent is in `sent`. */
async function talk(report) {
	const sent = [], real = globalThis.fetch;
	let manner = "ok";
	const wait = (ms) => new Promise((go) => setTimeout(go, ms));

	globalThis.fetch = async (url, {body, signal}) => {
		sent.push([url, JSON.parse(body)]);
		if (manner === "gone")
			throw new TypeError("Failed to fetch");
		if (manner === "slow")
			await new Promise((go, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
		return {ok: true, status: 200, json: async () => ({rendition: "1"})};
	};
	try {
		const linkq = new Linkq({patience: 30});

		linkq.observe({bytes: 1}, {bytes: 2});
		report("client: the first answer makes the daemon known", (await linkq.hint({a: 1}))?.rendition === "1" && linkq.present, sent);
		report("client: observations go ahead of the question", sent.length === 2 && sent[0][0].endsWith("/v1/observations") &&
			sent[0][1].observations.length === 2 && sent[0][1].observations[0].ended_ms_ago >= 0 && sent[1][0].endsWith("/v1/hint"), sent);
		manner = "slow";
		const begun = performance.now();
		report("client: a late answer is none, and no absence yet", await linkq.hint({}) === null && linkq.present &&
			performance.now() - begun < 5000, performance.now() - begun);
		report("client: two late ones are an absence", await linkq.hint({}) === null && !linkq.present, null);
		const count = sent.length;
		report("client: nothing is sent to one who is away", await linkq.hint({}) === null && sent.length === count, sent.length);
		manner = "ok";
		for (let i = 0; i < 100 && !linkq.reachable; i++)
			await wait(50);
		report("client: asks again, and is heard", (await linkq.hint({}))?.rendition === "1" && linkq.present, sent.length);
		manner = "gone";
		report("client: one that is gone is away at once", await linkq.hint({}) === null && !linkq.present && !linkq.reachable, null);
		linkq.close();
		report("client: closed, it says nothing more", await linkq.hint({}) === null, null);
	} finally {
		globalThis.fetch = real;
	}
}

export async function units(report) {
	await choose(report);
	await talk(report);
}
