// SPDX-License-Identifier: ISC
// The parts of the page below the chart, and the figures above it.
import {QUALITIES, UNKNOWN, age, at, atShort, byId, bytes, eventWords, happening, known, linkName, make, mark, ms, put, rate,
	rateRange, span, stateSentence, stateWord, tone, whole} from "./words.js";

const TABLE_ROWS = 120;
const TOLD_BY_SPANS = ["outage-begin", "outage-end", "outage", "state"];

// A place between 10 kbit/s and 10 Gbit/s, in percent.
const place = (kbps) => Math.min(100, Math.max(0, Math.log10(Math.max(kbps, 1) / 10) / 6 * 100));

function bar(id, q) {
	const [range, middle] = byId(id).children, is = known(q.p10) && known(q.p90);
	range.hidden = middle.hidden = !is;
	if (!is)
		return;
	range.style.left = `${place(q.p10)}%`;
	range.style.width = `${Math.max(1, place(q.p90) - place(q.p10))}%`;
	middle.style.left = `${place(q.p50)}%`;
}

function figure(id, text, range) {
	put(byId(id), text);
	byId(id).classList.toggle("none", text === UNKNOWN);
	put(byId(`${id}-range`), range);
}

function outageText(outage, waited_s) {
	const left = outage.expected_remaining_s;
	const more = known(left?.p50) && known(left?.p90) ?
		`; likely ${whole(Math.ceil(left.p50))} more, in 9 of 10 cases less than ${whole(Math.ceil(left.p90))}` : "";
	return `No network for ${whole(Math.floor(outage.lasted_ms / 1000 + waited_s))}${more}.`;
}

function lastChange(e) {
	if (!e.change)
		return "No change seen yet.";
	const words = happening(e.change.kind, e.change.from_kbps, e.change.to_kbps);
	return `Last change: ${words[0].toLowerCase()}${words.slice(1)}, ${at(Date.parse(e.change.time))}.`;
}

// waited_s: since the answer came; lost: the daemon does not answer now.
export function showEstimate(e, waited_s, lost) {
	const word = lost ? "No answer from linkqd" : stateWord(e.state);
	document.body.dataset.tone = lost ? "quiet" : tone(e);
	document.body.toggleAttribute("data-stale", lost);
	document.body.dataset.state = lost ? "lost" : e.state;
	put(byId("state"), word);
	byId("mark-path").setAttribute("d", mark(lost ? "unknown" : e.state));
	const quality = e.state === "online" ? ` ${QUALITIES[e.quality][0].toUpperCase()}${QUALITIES[e.quality].slice(1)}.` : "";
	const said = lost ? `The last word, ${age(waited_s)}: ${stateWord(e.state).toLowerCase()}. Trying again.` :
		`${stateSentence(e.state)}${quality}${e.diagnosis ? ` ${e.diagnosis.text}` : ""}`;
	put(byId("sentence"), said);
	put(byId("spoken"), `${word}. ${lost ? "Trying again." : said}`.replace("Unknown. No evidence", "State unknown. No evidence"));
	put(byId("since"), e.outage && !lost ? outageText(e.outage, waited_s) : lastChange(e));
	document.title = `${word}${!lost && e.state === "online" && known(e.down_kbps.p50) ? `, ${rate(e.down_kbps.p50)}` : ""} · linkqd`;

	figure("down", rate(e.down_kbps.p50), rateRange(e.down_kbps));
	figure("up", rate(e.up_kbps.p50), rateRange(e.up_kbps));
	bar("down-bar", e.down_kbps);
	bar("up-bar", e.up_kbps);
	figure("rtt", ms(e.rtt_ms.p50), known(e.rtt_ms.min) ? `least ${ms(e.rtt_ms.min)}, p90 ${ms(e.rtt_ms.p90)}` : "");
	figure("ttfb", ms(e.ttfb_ms.p50), known(e.ttfb_ms.p90) ? `p90 ${ms(e.ttfb_ms.p90)}` : "");
	figure("confidence", e.age_ms === null ? UNKNOWN : `${Math.round(e.confidence * 100)} %`,
		known(e.loss_ratio) ? `${(e.loss_ratio * 100).toFixed(1)} % unanswered` : "");
	showAge(e, waited_s);
}

export function showAge(e, waited_s) {
	const n = e.evidence.samples;
	figure("age", e.age_ms === null ? UNKNOWN : age(e.age_ms / 1000 + waited_s), `${n} sample${n === 1 ? "" : "s"} in all`);
	if (e.outage && !document.body.hasAttribute("data-stale"))
		put(byId("since"), outageText(e.outage, waited_s));
}

// A button a link, where there is more than one; else its name.
export function showLinks(links, chosen, choose) {
	const key = JSON.stringify([links.map((e) => [e.link.id, linkName(e.link), e.link.default]), chosen]);
	const part = byId("links");
	if (part.dataset.key === key)
		return;
	part.dataset.key = key;
	const had = part.contains(document.activeElement) ? document.activeElement.dataset.link : null;
	part.replaceChildren(...links.map((e) => {
		const name = `${linkName(e.link)} (${e.link.kind}${e.link.default ? ", default" : ""})`;
		if (links.length < 2)
			return make("span", name);
		const button = make("button", name, {type: "button", "data-link": e.link.id,
			"aria-pressed": String(e.link.id === chosen || (!chosen && e.link.default))});
		button.addEventListener("click", () => choose(e.link.default ? null : e.link.id));
		return button;
	}));
	[...part.children].find((b) => b.dataset.link === had)?.focus();
}

const SOURCES = {app: "Applications", kernel: "Kernel", probe: "Own probes"};

export function showWhy(x) {
	byId("sources").replaceChildren(...Object.entries(x.sources).map(([name, s]) => {
		const row = make("tr");
		row.append(make("th", SOURCES[name] ?? name, {scope: "row"}), make("td", `${Math.round(s.weight * 100)} %`),
			make("td", s.count), make("td", s.age_ms === null ? "never" : age(s.age_ms / 1000)), make("td", bytes(s.bytes)));
		return row;
	}));
	const rejected = Object.entries(x.rejected).filter(([, n]) => n > 0)
		.map(([why, n]) => `${n} ${why.replaceAll("_", " ")}`);
	put(byId("rejects"), `${x.taken} sample${x.taken === 1 ? "" : "s"} counted; not, or not in full: ${
		rejected.length ? rejected.join(", ") : "none"}.`);
	const n = x.next_probe;
	put(byId("next"), known(n?.in_ms) ?
		`Next probe (${n.kind}) ${n.in_ms < 1000 ? "now" : `in ${whole(Math.round(n.in_ms / 1000))}`}: ${n.reason}.` :
		"No probe is planned.");
	byId("probes").replaceChildren(...x.probes.map((p) => make("li",
		`${p.target} (${p.kind}): ${p.count} asked, ${p.failures} failed${p.last ? `; last: ${p.last}` : ""}`)));
}

export function showEvents(history, spans, from, to) {
	const shown = history.events.filter((e) => e.t >= from && e.t < to && !TOLD_BY_SPANS.includes(e.kind))
		.map((e) => ({t: e.t, text: eventWords(e)[0], note: eventWords(e)[1], off: false}))
		.concat(spans.filter((s) => s.to > from && s.from < to).map((s) => ({t: s.from, off: s.state !== "asleep",
			text: `${stateWord(s.state)} for ${span((s.to - s.from) / 1000)}${s.open ? " so far" : ""}`, note: ""})))
		.sort((a, b) => b.t - a.t);
	const items = shown.slice(0, 100).map((e) => {
		const li = make("li", null, e.off ? {class: "off"} : {});
		const text = make("span");
		text.append(make("strong", e.text), e.note ? ` ${e.note}` : "");
		li.append(make("time", at(e.t), {datetime: new Date(e.t).toISOString()}), text);
		return li;
	});
	if (shown.length > 100)
		items.push(make("li", `and ${shown.length - 100} earlier ones: zoom in`, {class: "none"}));
	const list = byId("events"), key = shown.slice(0, 100).map((e) => e.t + e.text).join();
	if (list.dataset.key === key)
		return;
	list.dataset.key = key;
	list.replaceChildren(...(items.length ? items : [make("li", "None in this range.", {class: "none"})]));
}

export function showTable(history, from, to) {
	if (!byId("table-part").open)
		return;
	const rows = history.rows.filter((r) => r.t >= from && r.t < to);
	const every = Math.ceil(rows.length / TABLE_ROWS) || 1;
	const table = make("table");
	table.append(make("caption", every === 1 ? `${rows.length} rows, newest first` :
		`One of each ${every} rows, newest first; all ${rows.length} are in the CSV`));
	const head = table.createTHead().insertRow();
	for (const name of ["Time", "State", "Quality", "Down p10", "Down median", "Down p90", "Up median", "Round trip"])
		head.append(make("th", name, {scope: "col"}));
	const body = table.createTBody();
	for (let i = rows.length - 1; i >= 0; i -= every) {
		const r = rows[i], tr = body.insertRow();
		tr.append(make("th", at(r.t), {scope: "row"}));
		for (const text of [stateWord(r.state), r.quality, ...r.down.map(rate), rate(r.up), ms(r.rtt[1])])
			tr.insertCell().textContent = text;
	}
	byId("table").replaceChildren(table);
}

function meter(text, share) {
	const li = make("li", text), track = make("div", null, {class: "bar", "aria-hidden": "true"}), fill = make("i");
	fill.style.width = `${Math.min(100, Math.max(0, share * 100))}%`;
	track.append(fill);
	li.append(track);
	return li;
}

export function showConditions(rows) {
	const sum = new Map();
	for (const r of rows) {
		const name = r.state === "online" ? `Online, ${r.quality} quality` : stateWord(r.state);
		sum.set(name, (sum.get(name) ?? 0) + r.seconds);
	}
	const all = [...sum.values()].reduce((a, b) => a + b, 0);
	byId("conditions-part").hidden = all <= 0;
	byId("conditions").replaceChildren(...[...sum].filter(([, s]) => s > 0).sort((a, b) => b[1] - a[1])
		.map(([name, s]) => meter(`${name}: ${whole(s)} (${(s / all * 100).toFixed(1)} %)`, s / all)));
}

export function showBudget(x) {
	const part = (name, b) => b ? [meter(`${name}: ${bytes(b.spent_bytes)} of ${bytes(b.limit_bytes)}`,
		b.limit_bytes > 0 ? b.spent_bytes / b.limit_bytes : 0)] : [];
	byId("budget-part").hidden = false;
	byId("budget").replaceChildren(...part("This hour", x.hour), ...part("Today", x.day));
	put(byId("budget-note"), `${x.metered ? "This link is metered. " : ""}${
		x.day?.resets_at ? `The day ends ${atShort(Date.parse(x.day.resets_at))}.` : ""}`);
}

const percent = (p) => p > 0 && p < 0.01 ? "under 1 %" : `${Math.round(p * 100)} %`;
const length = (l) => l ? `, of about ${whole(Math.max(1, l.p50))}, 9 in 10 under ${whole(Math.max(1, l.p90))}` : "";

export function showForecast(x) {
	const left = x.outage?.remaining_s;
	byId("ahead-part").hidden = !x.within;
	if (!x.within)
		return;
	byId("ahead").replaceChildren(...(x.outage ? [] : x.within.map((w) => meter(
		`Outage within ${whole(w.seconds)}: ${percent(w.probability)}, at this hour usually ${percent(w.usual)}${length(w.length_s)}`,
		w.probability))));
	put(byId("ahead-note"), left ? `Outages like this one lasted another ${whole(Math.max(1, left.p50))}, 9 in 10 under ${
		whole(Math.max(1, left.p90))}.` : `From ${x.basis.days} days and ${x.basis.outages} outages.`);
}
