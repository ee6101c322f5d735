// SPDX-License-Identifier: ISC
// hls.js: its own AbrController with the EwmaBandWidthEstimator inside, defaults throughout.
//
// It is driven by the events that the player sends: a fragment is loading, loaded and
// buffered, or its load timed out. No medium is attached, so the rule that gives up a
// fragment for the buffer's sake never fires. Before its first sample it answers with its
// built-in 500 kbit/s.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { clock } from "./browser.mjs";

const nothing = () => {};

// What AbrController asks of the player around it.
class Player {
	#handlers = new Map();
	levels = [];
	minAutoLevel = 0;
	maxAutoLevel = 0;
	autoLevelEnabled = true;
	media = null;

	constructor(Hls) {
		this.config = { ...Hls.DefaultConfig };
		this.logger = { debug: nothing, error: nothing, info: nothing, log: nothing,
			trace: nothing, warn: nothing };
	}

	on(event, handler, self) {
		this.#handlers.set(event, handler.bind(self));
	}

	off(event) {
		this.#handlers.delete(event);
	}

	trigger(event, data) {
		this.#handlers.get(event)?.(event, data);
	}
}

function fragmentOf(request, number) {
	const end = request.endMs;
	const stats = {
		aborted: false, bwEstimate: 0, chunkCount: 0, retry: 0,
		loaded: request.points.at(-1).bytes, total: request.points.at(-1).bytes,
		loading: { start: request.startMs, first: request.firstMs ?? 0, end },
		parsing: { start: end, end },
		buffering: { start: end, first: end, end },
	};
	return { type: "main", sn: number, level: 0, cc: 0, start: 0, duration: 4, bitrate: 0,
		bitrateTest: false, stats };
}

class HlsJs {
	name = "hls.js";
	#fragments = 0;

	constructor(Hls) {
		this.events = Hls.Events;
		this.timeout = Hls.ErrorDetails.FRAG_LOAD_TIMEOUT;
		this.player = new Player(Hls);
		this.abr = new Hls.DefaultConfig.abrController(this.player);
	}

	take({ request, over }) {
		if (!over)
			return;
		clock.ms = request.endMs;
		const frag = fragmentOf(request, ++this.#fragments);
		this.player.trigger(this.events.FRAG_LOADING, { frag });
		if (request.ok) {
			this.player.trigger(this.events.FRAG_LOADED, { frag, part: null });
			this.player.trigger(this.events.FRAG_BUFFERED, { frag, part: null });
		} else {
			this.player.trigger(this.events.ERROR, { details: this.timeout, fatal: false, frag });
		}
	}

	kbps() {
		return this.abr.bwEstimator.getEstimate() / 1000;
	}

	close() {
		this.abr.destroy();
	}
}

export async function load(modules) {
	const { default: Hls } = await import(pathToFileURL(join(modules, "hls.js/dist/hls.mjs")));
	return () => new HlsJs(Hls);
}
