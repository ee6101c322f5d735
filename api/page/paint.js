// SPDX-License-Identifier: ISC
// What stands behind and on a chart: spans without a network with their length, gaps, changes.
import {span, stateWord} from "./words.js";

const NAMES = ["card", "ink", "soft", "line", "down", "up", "rtt", "off", "offfill", "stall", "stallfill", "change"];
let colours = null;

// The style sheet's colours; read once, and again when they change.
export function palette() {
	if (!colours) {
		const style = getComputedStyle(document.documentElement);
		colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
	}
	return colours;
}

export function onColours(then) {
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
		colours = null;
		then();
	});
}

function hatch(ctx, x, y, w, h) {
	ctx.save();
	ctx.beginPath();
	ctx.rect(x, y, w, h);
	ctx.clip();
	ctx.beginPath();
	for (let at = x - h; at < x + w; at += 7) {
		ctx.moveTo(at, y + h);
		ctx.lineTo(at + h, y);
	}
	ctx.globalAlpha = 0.45;
	ctx.stroke();
	ctx.restore();
}

// A label with its ground, in the middle of a width; false: it does not fit.
function label(ctx, text, x, w, y, colour) {
	const wide = ctx.measureText(text).width;
	if (wide + 8 > w)
		return false;
	ctx.fillStyle = palette().card;
	ctx.globalAlpha = 0.85;
	ctx.fillRect(x + (w - wide) / 2 - 4, y - 2, wide + 8, 17);
	ctx.globalAlpha = 1;
	ctx.fillStyle = colour;
	ctx.fillText(text, x + (w - wide) / 2, y + 11);
	return true;
}

// A span's length: inside it, or beside it where nothing else is before `free`.
function measure(ctx, area, left, right, free, s) {
	const off = s.state === "offline" || s.state === "captive", colour = off ? palette().off : palette().stall;
	const long = span((s.to - s.from) / 1000), y = area.y + 14, width = right - left;
	if (label(ctx, `${stateWord(s.state).toLowerCase()} ${long}`, left, width, y, colour) || label(ctx, long, left, width, y, colour))
		return;
	label(ctx, long, right + 1, Math.min(free - right - 2, ctx.measureText(long).width + 8), y, colour);
}

function shade(ctx, area, x, s) {
	const c = palette(), off = s.state === "offline" || s.state === "captive";
	const left = Math.max(area.x, x(s.from)), right = Math.min(area.x + area.w, x(s.to));
	const width = Math.max(right - left, 2);
	if (right < area.x || left > area.x + area.w)
		return;
	ctx.fillStyle = off ? c.offfill : c.stallfill;
	ctx.strokeStyle = ctx.fillStyle;
	ctx.fillRect(left, area.y, width, area.h);
	if (off) {
		ctx.strokeStyle = c.off;
		hatch(ctx, left, area.y, width, area.h);
	}
}

const MARKED = {drop: -1, rise: 1, recovery: 1, network: 0, wake: 0};

function change(ctx, area, at, way) {
	const c = palette();
	ctx.strokeStyle = ctx.fillStyle = c.change;
	ctx.setLineDash([3, 4]);
	ctx.beginPath();
	ctx.moveTo(at, area.y + 8);
	ctx.lineTo(at, area.y + area.h);
	ctx.globalAlpha = 0.8;
	ctx.stroke();
	ctx.setLineDash([]);
	ctx.globalAlpha = 1;
	ctx.beginPath();
	if (way > 0)
		ctx.moveTo(at - 5, area.y + 8), ctx.lineTo(at + 5, area.y + 8), ctx.lineTo(at, area.y);
	else if (way < 0)
		ctx.moveTo(at - 5, area.y), ctx.lineTo(at + 5, area.y), ctx.lineTo(at, area.y + 8);
	else
		ctx.rect(at - 3, area.y + 1, 6, 6);
	ctx.fill();
}

// Stretches of the range of which nothing is known.
function gaps(history, from, to) {
	const out = [], {rows, hold} = history;
	let end = from;
	for (const r of rows) {
		if (r.t - end > hold)
			out.push([end, r.t]);
		end = Math.max(end, r.t);
	}
	if (to - end > hold && rows.length > 0)
		out.push([end, to]);
	return out;
}

function begin(ctx) {
	ctx.save();
	ctx.font = '12px system-ui, "DejaVu Sans", sans-serif';
	ctx.lineWidth = 1;
}

// Behind the lines. area: {x, y, w, h}; x(t): pixels.
export function backdrop(ctx, area, x, history, spans) {
	begin(ctx);
	for (const s of spans)
		shade(ctx, area, x, s);
	let last = -99;
	for (const e of history.events) {
		const at = x(e.t);
		if (e.kind in MARKED && at >= area.x && at <= area.x + area.w && at - last > 3 && (MARKED[e.kind] || at - last > 9)) {
			change(ctx, area, at, MARKED[e.kind]);
			last = at;
		}
	}
	ctx.restore();
}

// Over them: how long each span is, and where nothing is known.
export function words(ctx, area, x, history, spans, window) {
	const end = area.x + area.w;
	begin(ctx);
	for (const [from, to] of gaps(history, window[0], window[1])) {
		const left = Math.max(x(from), area.x), width = Math.min(x(to), end) - left;
		if (width > 0)
			label(ctx, "no data", left, width, area.y + area.h / 2 - 8, palette().soft);
	}
	spans.forEach((s, i) => {
		const left = Math.max(area.x, x(s.from)), right = Math.min(end, x(s.to));
		if (right >= area.x && left <= end && s.to - s.from >= 1000)
			measure(ctx, area, left, right, Math.min(end, i + 1 < spans.length ? x(spans[i + 1].from) : end), s);
	});
	ctx.restore();
}
