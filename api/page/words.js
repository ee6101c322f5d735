// SPDX-License-Identifier: ISC
// Figures and states as words. What is not known (null) is "unknown", never 0.

export const UNKNOWN = "unknown";
export const known = (x) => typeof x === "number" && Number.isFinite(x);
export const byId = (id) => document.getElementById(id);

// Writes only what differs, so that nothing flickers and nobody is told twice.
export function put(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

export function make(tag, text, attributes = {}) {
	const element = document.createElement(tag);
	if (text !== undefined && text !== null)
		element.textContent = text;
	for (const [name, value] of Object.entries(attributes))
		element.setAttribute(name, value);
	return element;
}

function digits(x) {
	return x < 0.005 ? "0" : x >= 100 ? Math.round(x).toString() : x >= 10 ? x.toFixed(1) : x.toFixed(2);
}

export function rateUnit(kbps) {
	return kbps >= 1e6 ? ["Gbit/s", 1e6] : kbps >= 1000 ? ["Mbit/s", 1000] : ["kbit/s", 1];
}

export function rate(kbps) {
	if (!known(kbps))
		return UNKNOWN;
	const [unit, by] = rateUnit(kbps);
	return `${by === 1 ? Math.round(kbps) : digits(kbps / by)} ${unit}`;
}

// The interval, in the unit of its upper end.
export function rateRange(q) {
	if (!known(q?.p10) || !known(q?.p90))
		return "";
	const [unit, by] = rateUnit(q.p90);
	const text = (x) => by === 1 ? Math.round(x) : digits(x / by);
	return `${text(q.p10)} to ${text(q.p90)} ${unit} (p10 to p90)`;
}

export const ms = (x) => !known(x) ? UNKNOWN : x >= 10000 ? `${digits(x / 1000)} s` :
	`${x >= 10 ? Math.round(x) : x.toFixed(1)} ms`;

export function bytes(n) {
	if (!known(n))
		return UNKNOWN;
	for (const [unit, by] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]])
		if (n >= by)
			return `${digits(n / by)} ${unit}`;
	return `${n} bytes`;
}

export function span(s) {
	if (!known(s))
		return UNKNOWN;
	if (s < 10)
		return `${s.toFixed(1)} s`;
	const whole = Math.round(s);
	const part = (n, unit) => n ? ` ${n} ${unit}` : "";
	if (whole < 60)
		return `${whole} s`;
	if (whole < 3600)
		return `${Math.floor(whole / 60)} min${part(whole % 60, "s")}`;
	const minutes = Math.round(whole / 60);
	if (minutes < 1440)
		return `${Math.floor(minutes / 60)} h${part(minutes % 60, "min")}`;
	const hours = Math.round(minutes / 60);
	return `${Math.floor(hours / 24)} d${part(hours % 24, "h")}`;
}

// Of whole seconds: 3 s, not 3.0 s.
export const whole = (s) => span(s).replace(".0 s", " s");
export const age = (s) => !known(s) ? UNKNOWN : s < 1 ? "just now" : `${whole(Math.floor(s))} ago`;

const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});
const short = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
const day = new Intl.DateTimeFormat(undefined, {weekday: "short", day: "numeric", month: "short"});
const today = (t) => new Date(t).toDateString() === new Date().toDateString();

export const at = (t) => today(t) ? clock.format(t) : `${day.format(t)}, ${clock.format(t)}`;
export const atShort = (t) => today(t) ? short.format(t) : `${day.format(t)}, ${short.format(t)}`;

const STATES = {
	unknown: ["Unknown", "No evidence yet: nothing was measured on this link."],
	online: ["Online", "Requests get through."],
	stalled: ["Stalled", "Silence where bytes should be; not sure yet."],
	offline: ["Offline", "Nothing gets through."],
	captive: ["Sign-in needed", "A portal answers in place of the Internet."],
	asleep: ["Asleep", "This machine was suspended."],
	no_data: ["No record", ""],
};
export const stateWord = (s) => STATES[s]?.[0] ?? s;
export const stateSentence = (s) => STATES[s]?.[1] ?? "";

// Shapes say the same as colours: a tick, dots, a cross, a door, a question.
const MARKS = {
	online: "M8 25l11 11L40 12", stalled: "M12 24h.1M24 24h.1M36 24h.1", offline: "M11 11l26 26M37 11L11 37",
	captive: "M13 42V6h22v36M8 42h32M29 24h.1", unknown: "M16 17c0-11 17-11 17 0 0 7-9 6-9 14M24 41h.1",
};
export const mark = (s) => MARKS[s] ?? MARKS.unknown;

export const QUALITIES = {
	unknown: "quality unknown", minimal: "minimal quality: text and small pictures",
	moderate: "moderate quality: pages and standard video", good: "good quality: video and calls",
};

export function tone(e) {
	if (e.state === "offline" || e.state === "captive")
		return "off";
	return e.state === "stalled" ? "stall" : e.state === "online" && e.quality !== "unknown" ? e.quality : "quiet";
}

const KINDS = {
	drop: "Dropped", rise: "Rose", outage: "Outage began", recovery: "Recovered", network: "Another network", wake: "Woke up",
	daemon: "linkqd", state: "State",
};

// "Dropped from 18.0 to 5.10 Mbit/s"
export function happening(kind, from, to) {
	const word = KINDS[kind] ?? kind;
	if (known(from) && known(to))
		return `${word} from ${rate(from)} to ${rate(to)}`;
	return known(to) ? `${word} to ${rate(to)}` : word;
}

const NETWORK = {up: "Link up", down: "Link down", route: "Route changed", carrier: "Carrier changed"};

// One row of the history's events: what happened, and a note.
export function eventWords(e) {
	if (e.kind === "network" && NETWORK[e.detail])
		return [NETWORK[e.detail], ""];
	return [happening(e.kind, e.from, e.to), e.detail];
}

export const linkName = (l) => l.name || l.interface || "no link";
