// SPDX-License-Identifier: ISC
// The dashboard: what is chosen, what is known, and when to ask and draw again.
import {Charts} from "./chart.js";
import {History, query, range, spans as spansIn, stepOf} from "./history.js";
import {ask, listen} from "./live.js";
import {onColours} from "./paint.js";
import {showAge, showBudget, showConditions, showEstimate, showEvents, showForecast, showLinks, showTable, showWhy} from "./sections.js";
import {atShort, byId, ms, put, rate, stateWord, at} from "./words.js";

const LOOK_MS = 2000;    // the estimate anew, for its age
const HIDDEN_MS = 5000;
const WHY_MS = 5000;
const AHEAD_MS = 20000;
const RELOAD_MS = 60000; // what was recorded meanwhile
const RANGE_MS_MIN = 10000, RANGE_MS_MAX = 5 * 366 * 86400000;
const HINT = "Drag over the chart to zoom, with Shift to move; a double click is live again.";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const history = new History();
const page = {
	link: null,       // the chosen one; null: that of the default route
	estimate: null,   // its newest
	came: 0,          // when, of performance.now()
	connected: false,
	ever: false,
	range: 600000,    // ms shown
	to: null,         // null: now, and moving with it
	drawn: 0, loaded: 0, looked: 0, asked: 0, ahead: NaN,
	loading: null,
	features: new Set(),
	skew: 0,          // the daemon's clock less ours, ms
};

const now = () => Date.now() + page.skew;
const shown = () => [(page.to ?? now()) - page.range, page.to ?? now()];
const waited = () => (performance.now() - page.came) / 1000;

function draw() {
	const [from, to] = shown();
	const spans = spansIn(history.rows, history.events, history.hold, page.to === null ? page.estimate : null);
	charts.draw(from, to, spans);
	page.drawn = performance.now();
	showEvents(history, spans, from, to);
	const rows = history.stored(from, to);
	const step = {"": "as stored", "1m": "a minute a row", "1h": "an hour a row"}[stepOf(page.range)];
	put(byId("shown"), `${atShort(from)} to ${page.to === null ? "now" : atShort(to)}: ${rows} row${rows === 1 ? "" : "s"}, ${step}.`);
	byId("csv").href = query(from, to, linkId());
}

const linkId = () => page.link ?? page.estimate?.link.id ?? null;

async function load() {
	page.loading?.abort();
	const abort = page.loading = new AbortController();
	const [from, to] = shown();
	page.loaded = performance.now();
	try {
		await history.load(from, to, linkId(), abort.signal);
		performance.mark("draw");
		draw();
		performance.measure("drawn", {start: "draw", detail: history.rows.length});
		showTable(history, ...shown());
		if (page.features.has("/v1/conditions"))
			optional(`/v1/conditions?${range(from, to, linkId())}`, showConditions, "conditions-part");
	} catch (error) {
		if (error.name !== "AbortError" && page.connected)
			put(byId("shown"), "The history cannot be read now; trying again.");
	} finally {
		if (page.loading === abort)
			page.loading = null;
	}
}

async function optional(path, show, part) {
	try {
		show(await ask(path));
	} catch {
		byId(part).hidden = true;
	}
}

function take(e) {
	page.estimate = e;
	page.came = performance.now();
	page.skew = Date.parse(e.time) - Date.now();
	history.add(e);
	showEstimate(e, 0, false);
}

function lost() {
	const say = page.ever ? "Connection lost. Trying again." : "The daemon does not answer. Trying again.";
	page.connected = false;
	put(byId("stream"), say);
	byId("stream").classList.add("lost");
	if (page.estimate)
		showEstimate(page.estimate, waited(), true);
}

async function found() {
	page.connected = page.ever = true;
	put(byId("stream"), "Live");
	byId("stream").classList.remove("lost");
	try {
		const paths = Object.keys((await ask("/openapi.json")).paths);
		page.features = new Set(paths);
		await look();
		await load();
		await why();
	} catch { /* the stream tells when it is back */ }
}

// The estimate anew: the stream tells only of what moved, and an age must not be guessed.
async function look() {
	page.looked = performance.now();
	const {links} = await ask("/v1/links");
	const e = page.link ? links.find((l) => l.link.id === page.link) : await ask("/v1/link");
	if (!e)
		return choose(null); // it has gone
	showLinks(links.length ? links : [e], page.link, choose);
	take(e);
}

async function why() {
	page.asked = performance.now();
	showWhy(await ask(page.link ? `/v1/explain?link=${encodeURIComponent(page.link)}` : "/v1/explain"));
	if (page.features.has("/v1/budget"))
		optional("/v1/budget", showBudget, "budget-part");
	if (page.features.has("/v1/forecast") && !(page.asked - page.ahead < AHEAD_MS)) {
		page.ahead = page.asked;
		optional(page.link ? `/v1/forecast?link=${encodeURIComponent(page.link)}` : "/v1/forecast", showForecast,
			"ahead-part");
	}
}

function choose(link) {
	page.link = link;
	page.ahead = NaN;
	history.forget();
	look().then(() => Promise.all([load(), why()])).catch(() => {});
}

// range and end in ms; end null: now
function zoom(range, end) {
	page.range = Math.min(Math.max(range, RANGE_MS_MIN), RANGE_MS_MAX);
	page.to = end !== null && end < now() - 1000 ? end : null;
	for (const button of byId("ranges").children)
		button.setAttribute("aria-pressed", String(page.to === null && Number(button.dataset.range) * 1000 === page.range));
	byId("live").setAttribute("aria-pressed", String(page.to === null));
	byId("later").disabled = page.to === null;
	draw();
	load();
}

function hover(row) {
	put(byId("read"), row ? `${at(row.t)}: ${stateWord(row.state).toLowerCase()}, ${row.quality} quality; down ${rate(row.down[1])} (${
		rate(row.down[0])} to ${rate(row.down[2])}), up ${rate(row.up)}, round trip ${ms(row.rtt[1])}` : HINT);
}

const charts = new Charts({rate: byId("rate-plot"), rtt: byId("rtt-plot"), unit: byId("rate-unit")}, history,
	{zoom: (from, to) => zoom(to - from, to), live: () => zoom(600000, null), hover});
draw();
hover(null);
onColours(draw);

for (const button of byId("ranges").children)
	button.addEventListener("click", () => zoom(Number(button.dataset.range) * 1000, null));
const middle = () => shown()[0] + page.range / 2;
byId("earlier").addEventListener("click", () => zoom(page.range, shown()[1] - page.range / 2));
byId("later").addEventListener("click", () => zoom(page.range, shown()[1] + page.range / 2));
byId("closer").addEventListener("click", () => zoom(page.range / 2, page.to === null ? null : middle() + page.range / 4));
byId("wider").addEventListener("click", () => zoom(page.range * 2, page.to === null ? null : middle() + page.range));
byId("live").addEventListener("click", () => zoom(page.range, null));
byId("table-part").addEventListener("toggle", () => showTable(history, ...shown()));
byId("csv").addEventListener("click", () => {
	byId("csv").href = query(...shown(), linkId());
});

listen({
	up: found,
	down: lost,
	link: (e) => {
		if (!page.link)
			take(e);
	},
	event: (name, e) => {
		if (name === "network")
			look().catch(() => {});
		if (!page.loading && page.to === null)
			page.loaded = Math.min(page.loaded, performance.now() - RELOAD_MS + 1500);
		void e;
	},
});

// A second's work: the age, a moving chart, and what is due.
setInterval(() => {
	const t = performance.now();
	if (document.hidden) // for the title alone
		return t - page.looked > HIDDEN_MS && look().catch(lost);
	if (!page.estimate)
		return;
	if (!page.connected)
		return showEstimate(page.estimate, waited(), true);
	showAge(page.estimate, waited());
	if (t - page.looked > LOOK_MS)
		look().catch(() => {});
	if (t - page.asked > WHY_MS)
		why().catch(() => {});
	if (page.to === null && !page.loading && t - page.loaded > RELOAD_MS)
		load();
	else if (page.to === null && t - page.drawn > (calm.matches ? 10000 : page.range > 7200000 ? 30000 : 1000))
		draw();
}, 500);
