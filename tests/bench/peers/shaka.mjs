// SPDX-License-Identifier: ISC
// Shaka Player: its own SimpleAbrManager from the compiled build, defaults throughout.
//
// It is fed as its fetch plugin feeds it while a body comes: at the first read more than
// 100 ms and at least 16 kB after the last report (the first counts from the request, the
// wait included), and with the rest at the end. A request that fails reports no rest.
// Before it has seen 128 kB it answers with its built-in 1 Mbit/s.
import { createRequire } from "node:module";
import { join } from "node:path";
import { eachRead } from "./requests.mjs";

const READ_MS = 10; // how often a body is read; the plugin reads as packets come
const REPORT_MS = 100;

class Shaka {
	name = "Shaka";
	#reported = new WeakMap(); // request -> what had come at its last report

	constructor(shaka) {
		const config = shaka.util.PlayerConfiguration.createDefault().abr;
		this.reportBytes = config.advanced.minBytes;
		this.abr = new shaka.abr.SimpleAbrManager();
		this.abr.configure(config);
	}

	take({ request, from, to, over }) {
		let last = this.#reported.get(request) ?? { ms: request.startMs, bytes: 0 };
		const report = (read) => {
			this.abr.segmentDownloaded(Math.round(read.ms - last.ms), read.bytes - last.bytes, false);
			last = read;
		};
		eachRead(request, from, to, READ_MS, (read) => {
			if (read.ms - last.ms > REPORT_MS && read.bytes - last.bytes >= this.reportBytes)
				report(read);
		});
		if (over && request.ok && to.bytes > last.bytes)
			report(to);
		this.#reported.set(request, last);
	}

	kbps() {
		return this.abr.getBandwidthEstimate() / 1000;
	}

	close() {
		this.abr.release();
	}
}

export async function load(modules) {
	const require = createRequire(join(modules, "any"));
	const shaka = require("shaka-player/dist/shaka-player.compiled.js");
	return () => new Shaka(shaka);
}
