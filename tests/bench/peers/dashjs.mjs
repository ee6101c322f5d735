// SPDX-License-Identifier: ISC
// dash.js: its own ThroughputController and ThroughputModel, in the default mode (EWMA).
//
// The published bundle keeps them by name in its factory. Requests reach them as the player
// posts them. A request that ended well has its Resource Timing, the default where the
// server allows it, which leaves the wait out; one that failed has none, so it goes by its
// progress events, the first of which is left out for the wait in it, and none of which
// comes while no byte does. Before its first sample it has no answer.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { eachRead } from "./requests.mjs";

const PROGRESS_MS = 50; // XMLHttpRequest sends a progress event at most this often

const date = (ms) => new Date(Math.round(ms));

// The progress events of a request: when the last one was, how long since, bytes since.
function traceOf(request) {
	const trace = [];
	let last = request.points[0];
	const event = (read) => {
		trace.push({ s: date(last.ms), d: read.ms - last.ms, b: [read.bytes - last.bytes] });
		last = read;
	};
	if (request.firstMs !== null)
		event({ ms: request.firstMs, bytes: 0 });
	for (let i = 1; i < request.points.length; i++)
		eachRead(request, request.points[i - 1], request.points[i], PROGRESS_MS, event);
	return trace;
}

class DashJs {
	name = "dash.js";

	constructor({ Constants, FactoryMaker, MediaPlayer }) {
		const context = {}; // a singleton is one per context
		const single = (name) =>
			FactoryMaker.getSingletonFactoryByName(name)(context).getInstance();
		this.bus = single("EventBus");
		this.throughput = single("ThroughputController");
		this.throughput.setConfig({ settings: single("Settings"),
			playbackController: { getIsDynamic: () => false } });
		this.throughput.initialize();
		this.added = MediaPlayer.events.METRIC_ADDED;
		this.video = Constants.VIDEO;
	}

	take({ request, to, over }) {
		if (!over || to.bytes <= 0)
			return;
		const timing = { transferSize: to.bytes, decodedBodySize: to.bytes,
			responseStart: request.firstMs, responseEnd: request.endMs };
		this.bus.trigger(this.added, {
			metric: "HttpList",
			mediaType: this.video,
			value: {
				type: "MediaSegment",
				url: "",
				trequest: date(request.startMs),
				tresponse: date(request.firstMs),
				_tfinish: date(request.endMs),
				trace: traceOf(request),
				_resourceTimingValues: request.ok ? timing : undefined,
			},
		});
	}

	kbps() {
		return this.throughput.getAverageThroughput(this.video);
	}

	close() {
		this.throughput.reset();
	}
}

export async function load(modules) {
	const file = join(modules, "dashjs/dist/modern/esm/dash.all.min.js");
	const { default: dashjs } = await import(pathToFileURL(file));
	return () => new DashJs(dashjs);
}
