// SPDX-License-Identifier: ISC
// The two charts, goodput and round trip, on one time axis: dygraphs where the daemon was built
// with it, else a simple canvas.
import {backdrop, palette, words} from "./paint.js";
import {atShort, known, rate, rateUnit, span, stateWord} from "./words.js";

const NONE = [null, null, null];
const flat = (x) => x === null ? NONE : [x, x, x];
const PLOTS = {
	rate: {labels: ["time", "download", "upload"], of: (r) => [r.down, flat(r.up)]},
	rtt: {labels: ["time", "round trip"], of: (r) => [r.rtt]},
};

// Rows for a plot; where the time between two is longer than a row holds, the line breaks.
function series(history, plot) {
	const out = [];
	let before = null;
	for (const r of history.rows) {
		if (before !== null && r.t - before > history.hold)
			out.push([new Date(before + 1), ...plot.labels.slice(1).map(() => NONE)]);
		out.push([new Date(r.t), ...plot.of(r)]);
		before = r.t;
	}
	return out.length ? out : [[new Date(0), ...plot.labels.slice(1).map(() => NONE)]];
}

// The top of the scale: all medians, and all but the rarest of the upper ends, which at the begin of
// a link's life may be a hundred times as high.
function top(history, window, plot, least) {
	const middles = [], ends = [];
	for (const r of history.rows)
		if (r.t >= window[0] && r.t <= window[1])
			for (const q of plot.of(r))
				if (q[1] !== null) {
					middles.push(q[1]);
					ends.push(q[2] ?? q[1]);
				}
	ends.sort((a, b) => a - b);
	const most = middles.reduce((a, b) => Math.max(a, b), 0) * 1.15;
	return 1.08 * (Math.max(most, Math.min(ends[Math.floor(ends.length * 0.95)] ?? 0, 4 * most)) || least);
}

// The interval as one shape a run of rows. The library's own plotter closes a path at each row,
// which takes most of a second for a week of minutes.
function band(e) {
	const ctx = e.drawingContext, area = e.plotArea;
	let run = [];
	const fill = () => {
		ctx.beginPath();
		for (const p of run)
			ctx.lineTo(p.canvasx, area.y + area.h * p.y_top);
		for (const p of run.reverse())
			ctx.lineTo(p.canvasx, area.y + area.h * p.y_bottom);
		ctx.fill();
		run = [];
	};
	if (e.setName === "upload") // only its median is kept
		return;
	ctx.save();
	ctx.fillStyle = e.color;
	ctx.globalAlpha = 0.2;
	for (const p of e.points)
		if (Number.isFinite(p.y_top) && Number.isFinite(p.y_bottom))
			run.push(p);
		else
			fill();
	fill();
	ctx.restore();
}

class Dygraphed {
	constructor(element, name, owner) {
		this.plot = PLOTS[name];
		this.name = name;
		this.owner = owner;
		this.element = element;
	}

	options() {
		const c = palette(), owner = this.owner;
		const colour = this.name === "rate" ? [c.down, c.up] : [c.rtt];
		const few = owner.history.rows.length < 2000;
		return {
			strokeWidth: few ? 2 : 1.2, series: {upload: {strokePattern: few ? [5, 4] : null, strokeWidth: few ? 1.5 : 1}},
			colors: colour, axisLineColor: c.line, gridLineColor: c.line,
			dateWindow: owner.window, valueRange: [0, owner.tops[this.name]],
		};
	}

	create() {
		const owner = this.owner;
		const format = (v) => this.name === "rate" ? String(+(v / owner.by).toPrecision(3)) : String(+v.toPrecision(3));
		this.g = new Dygraph(this.element, series(owner.history, this.plot), {
			...this.options(), labels: this.plot.labels, customBars: true,
			plotter: [band, Dygraph.Plotters.linePlotter, (e) => this.words(e)],
			axes: {y: {axisLabelFormatter: format, axisLabelWidth: 44, pixelsPerLabel: 36},
				x: {pixelsPerLabel: 70, axisLabelWidth: 76}},
			axisLabelFontSize: 12, highlightCircleSize: 3.5, gridLineWidth: 1, rightGap: 6,
			animatedZooms: false, connectSeparatedPoints: false,
			underlayCallback: (ctx, area, g) => backdrop(ctx, area, (t) => g.toDomXCoord(t), owner.history, owner.spans),
			zoomCallback: (from, to) => owner.on.zoom(from, to),
			highlightCallback: (event, t, points, row) => owner.hover(t, row, this),
			unhighlightCallback: () => owner.hover(null, -1, this),
		});
		this.element.addEventListener("dblclick", (event) => {
			event.stopPropagation();
			owner.on.live();
		}, true); // before the library, which would show all that is loaded
		this.element.addEventListener("mouseup", () => {
			const [from, to] = this.g.xAxisRange();
			if (Math.abs(from - owner.window[0]) > 1 || Math.abs(to - owner.window[1]) > 1)
				owner.on.zoom(from, to);
		});
	}

	// The library calls a plotter for each series: on top is after the last.
	words(e) {
		const {history, spans, window} = this.owner;
		if (this.name === "rate" && e.seriesIndex === e.seriesCount - 1)
			words(e.drawingContext, e.plotArea, (t) => e.dygraph.toDomXCoord(t), history, spans, window);
	}

	draw() {
		if (!this.g)
			this.create();
		else
			this.g.updateOptions({...this.options(), file: series(this.owner.history, this.plot)});
	}

	select(row) {
		if (row < 0)
			this.g?.clearSelection();
		else
			this.g?.setSelection(row);
	}
}

// Without the library: band and median on a canvas, and what the others have behind them.
class Plain {
	constructor(element, name, owner) {
		this.plot = PLOTS[name];
		this.name = name;
		this.owner = owner;
		this.canvas = element.appendChild(document.createElement("canvas"));
		this.element = element;
		new ResizeObserver(() => this.draw()).observe(element);
	}

	draw() {
		const {history, spans, window, by} = this.owner, c = palette();
		const w = this.element.clientWidth, h = this.element.clientHeight, scale = devicePixelRatio || 1;
		const area = {x: 48, y: 4, w: w - 54, h: h - 24}, ctx = this.canvas.getContext("2d");
		if (!window || area.w < 10)
			return;
		this.canvas.width = w * scale;
		this.canvas.height = h * scale;
		this.canvas.style.width = `${w}px`;
		this.canvas.style.height = `${h}px`;
		ctx.scale(scale, scale);
		const rate = this.name === "rate", lines = (r) => this.plot.of(r);
		const top = this.owner.tops[this.name];
		const x = (t) => area.x + (t - window[0]) / (window[1] - window[0]) * area.w;
		const y = (v) => area.y + area.h * (1 - v / top);
		backdrop(ctx, area, x, history, spans);
		this.axes(ctx, area, top, rate ? by : 1, window);
		ctx.beginPath();
		ctx.rect(area.x, area.y, area.w, area.h);
		ctx.clip();
		(rate ? [c.down, c.up] : [c.rtt]).forEach((colour, i) => this.line(ctx, x, y, colour, (r) => lines(r)[i]));
		if (rate)
			words(ctx, area, x, history, spans, window);
	}

	axes(ctx, area, top, by, window) {
		const c = palette();
		ctx.font = '12px system-ui, sans-serif';
		ctx.fillStyle = c.soft;
		ctx.strokeStyle = c.line;
		ctx.textAlign = "right";
		for (let i = 0; i <= 4; i++) {
			const at = Math.round(area.y + area.h * (1 - i / 4)) + 0.5;
			ctx.beginPath();
			ctx.moveTo(area.x, at);
			ctx.lineTo(area.x + area.w, at);
			ctx.stroke();
			ctx.fillText(String(+(top * i / 4 / by).toPrecision(2)), area.x - 6, at + (i === 4 ? 9 : 4));
		}
		ctx.textAlign = "left";
		ctx.fillText(atShort(window[0]), area.x, area.y + area.h + 16);
		ctx.textAlign = "right";
		ctx.fillText(atShort(window[1]), area.x + area.w, area.y + area.h + 16);
		ctx.textAlign = "left";
	}

	line(ctx, x, y, colour, of) {
		const runs = [[]];
		let before = 0;
		for (const r of this.owner.history.rows) {
			const q = of(r);
			if (q[1] === null || r.t - before > this.owner.history.hold)
				runs.push([]);
			if (q[1] !== null)
				runs.at(-1).push([x(r.t), y(q[0] ?? q[1]), y(q[1]), y(q[2] ?? q[1])]);
			before = r.t;
		}
		ctx.fillStyle = ctx.strokeStyle = colour;
		ctx.lineWidth = 2;
		for (const run of runs.filter((one) => one.length)) {
			ctx.globalAlpha = 0.2;
			ctx.beginPath();
			run.forEach((p) => ctx.lineTo(p[0], p[1]));
			run.toReversed().forEach((p) => ctx.lineTo(p[0], p[3]));
			ctx.fill();
			ctx.globalAlpha = 1;
			ctx.beginPath();
			run.forEach((p) => ctx.lineTo(p[0], p[2]));
			ctx.stroke();
		}
	}

	select() {}
}

export class Charts {
	// elements: {rate, rtt, unit}; on.zoom(from, to), on.live(), on.hover(row or null)
	constructor(elements, history, on) {
		if (window.Dygraph) // its legend writes style attributes, which the page's policy refuses
			Dygraph.PLUGINS = Dygraph.PLUGINS.filter((p) => p !== Dygraph.Plugins.Legend);
		const Plot = window.Dygraph ? Dygraphed : Plain;
		this.history = history;
		this.on = on;
		this.spans = [];
		this.window = null;
		this.by = 1000;
		this.unit = elements.unit;
		this.elements = elements;
		this.plots = [new Plot(elements.rate, "rate", this), new Plot(elements.rtt, "rtt", this)];
	}

	draw(from, to, spans) {
		this.window = [from, to];
		this.spans = spans;
		this.tops = {rate: top(this.history, this.window, PLOTS.rate, 1000), rtt: top(this.history, this.window, PLOTS.rtt, 100)};
		const [unit, by] = rateUnit(this.tops.rate);
		this.by = by;
		this.unit.textContent = unit;
		for (const plot of this.plots)
			plot.draw();
		this.describe();
	}

	hover(t, index, from) {
		for (const plot of this.plots)
			if (plot !== from)
				plot.select(index);
		this.on.hover(t === null ? null : this.history.rows.find((r) => r.t === t) ?? null);
	}

	// In words, for who does not see it.
	describe() {
		const [from, to] = this.window, seen = this.history.rows.filter((r) => r.t >= from && r.t <= to);
		const text = (name, values, word) => {
			const is = values.filter(known);
			return is.length ? `${name}: median between ${word(Math.min(...is))} and ${word(Math.max(...is))}` : `${name}: unknown`;
		};
		const off = this.spans.filter((s) => s.to > from && s.from < to)
			.map((s) => `${stateWord(s.state).toLowerCase()} for ${span((s.to - s.from) / 1000)}`);
		const more = off.length > 6 ? `, and ${off.length - 6} more` : "";
		this.elements.rate.setAttribute("aria-label", `${text("Download", seen.map((r) => r.down[1]), rate)}. ${
			off.length ? `${off.slice(0, 6).join(", ")}${more}` : "No outage"}.`);
		this.elements.rtt.setAttribute("aria-label",
			`${text("Round trip", seen.map((r) => r.rtt[1]), (x) => `${Math.round(x)} ms`)}.`);
	}
}
