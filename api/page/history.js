// SPDX-License-Identifier: ISC
// What was recorded of a range: rows for the chart, spans without a network, and what changed.
import {ask} from "./live.js";

const MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
const LIVE_MAX = 20000; // rows kept, with those that were added live

// The coarsest step that still has a row for about each pixel; "" is as stored.
export function stepOf(ms) {
	return ms <= 2 * HOUR ? "" : ms <= 8 * DAY ? "1m" : "1h";
}

export function range(from, to, link) {
	const q = new URLSearchParams({from: new Date(from).toISOString(), to: new Date(to).toISOString()});
	if (link)
		q.set("link", link);
	return q;
}

export function query(from, to, link, what = "estimates") {
	const q = range(from, to, link);
	if (what !== "estimates")
		q.set("what", what);
	else if (stepOf(to - from))
		q.set("step", stepOf(to - from));
	return `/v1/history.csv?${q}`;
}

// RFC 4180, as far as quotes go; a row of cells by name would be slow for a week.
export function cells(line) {
	if (!line.includes('"'))
		return line.split(",");
	const out = [];
	for (const m of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
		out.push(m[1] !== undefined ? m[1].replaceAll('""', '"') : m[2]);
	return out;
}

const number = (cell) => cell === "" || cell === undefined ? null : Number(cell);

function columns(text) {
	const lines = text.split("\n");
	const names = lines.shift().split(",");
	return [lines, (name) => names.indexOf(name)];
}

// {t, state, quality, down: [p10, p50, p90], up, rtt: [min, p50, p90]}; null where not known.
export function parseRows(text) {
	const [lines, place] = columns(text);
	const [t, state, quality, up] = ["time", "state", "quality", "up_kbps_p50"].map(place);
	const d = place("down_kbps_p10"), r = place("rtt_ms_min");
	const rows = [];
	for (const line of lines) {
		if (line === "")
			continue;
		const c = cells(line);
		rows.push({t: Date.parse(c[t]), state: c[state], quality: c[quality],
			down: [number(c[d]), number(c[d + 1]), number(c[d + 2])], up: number(c[up]),
			rtt: [number(c[r]), number(c[r + 1]), number(c[r + 2])]});
	}
	return rows;
}

export function parseEvents(text) {
	const [lines, place] = columns(text);
	const [t, kind, from, to, long, detail] =
		["time", "kind", "from_kbps", "to_kbps", "duration_ms", "detail"].map(place);
	return lines.filter((line) => line !== "").map((line) => {
		const c = cells(line);
		return {t: Date.parse(c[t]), kind: c[kind], from: number(c[from]), to: number(c[to]),
			ms: number(c[long]), detail: c[detail] ?? ""};
	});
}

export const rowOf = (e) => ({t: Date.parse(e.time), state: e.state, quality: e.quality,
	down: [e.down_kbps.p10, e.down_kbps.p50, e.down_kbps.p90], up: e.up_kbps.p50,
	rtt: [e.rtt_ms.min, e.rtt_ms.p50, e.rtt_ms.p90], live: true});

// A stored row holds until the next, for 60 s at most; beyond that nothing is known.
export function holds(step) {
	return step === "1h" ? HOUR + MINUTE : step === "1m" ? 90000 : 65000;
}

// Spans in which the link was not online, from the rows' own word.
export function spansOf(rows, hold) {
	const spans = [];
	let open = null;
	rows.forEach((row, i) => {
		const end = Math.min(rows[i + 1]?.t ?? row.t + (row.live ? 0 : hold / 60), row.t + hold);
		const off = ["stalled", "offline", "captive", "asleep"].includes(row.state);
		if (open && (open.state !== row.state || row.t - open.to > 1000))
			open = null;
		if (off && !open)
			spans.push(open = {state: row.state, from: row.t, to: end});
		else if (off)
			open.to = end;
	});
	return spans;
}

// Outages are known to the millisecond by their events; rows tell of the rest.
export function spans(rows, events, hold, estimate) {
	const exact = [];
	let begun = null;
	for (const e of events) {
		if (e.kind === "outage-begin")
			begun = e.t;
		else if (e.kind === "outage-end" && (e.ms !== null || begun !== null)) {
			exact.push({state: "offline", from: e.ms !== null ? e.t - e.ms : begun, to: e.t});
			begun = null;
		} else if (e.kind === "daemon")
			begun = null;
	}
	if (estimate?.outage)
		exact.push({state: "offline", from: Date.parse(estimate.outage.since), to: Date.parse(estimate.time), open: true});
	const rest = spansOf(rows, hold).filter((s) =>
		!(s.state === "offline" && exact.some((x) => s.from < x.to + hold && s.to > x.from - hold)));
	return [...exact, ...rest].sort((a, b) => a.from - b.from);
}

export class History {
	constructor() {
		this.rows = [];
		this.events = [];
		this.hold = holds("");
	}

	// Exports are few at once: one after the other, and again where there were too many.
	async load(from, to, link, signal) {
		const get = async (what) => {
			for (let tries = 0; ; tries++) {
				try {
					return await ask(query(from, to, link, what), signal);
				} catch (error) {
					if (error.status === 404) // no row of this link yet
						return "time\n";
					if (error.status !== 503 || tries > 3)
						throw error;
					await new Promise((go) => setTimeout(go, 1000 * (error.retryAfter || 1)));
				}
			}
		};
		const events = parseEvents(await get("events"));
		const rows = parseRows(await get("estimates"));
		signal?.throwIfAborted();
		this.events = events;
		const live = this.rows.filter((r) => r.live && r.t > (rows.at(-1)?.t ?? 0) && r.t >= from && r.t < to);
		this.hold = holds(stepOf(to - from));
		this.rows = rows.concat(this.hold > holds("") ? live.slice(-1) : live);
	}

	// How many of a range are stored, and so in its CSV.
	stored(from, to) {
		return this.rows.reduce((n, r) => n + (!r.live && r.t >= from && r.t < to), 0);
	}

	add(estimate) {
		const row = rowOf(estimate), last = this.rows.at(-1);
		if (last && row.t <= last.t)
			return;
		if (last?.live && this.hold > holds("")) // one moving end is enough beside minutes and hours
			this.rows.pop();
		this.rows.push(row);
		if (this.rows.length > LIVE_MAX)
			this.rows.splice(0, LIVE_MAX / 10);
	}

	forget() {
		this.rows = [];
		this.events = [];
	}
}
