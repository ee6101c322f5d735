// SPDX-License-Identifier: ISC
// The daemon's own word, as it comes: the event stream, and plain requests beside it.

const RETRY_MS = [500, 1000, 2000, 3000];

export async function ask(path, signal) {
	const answer = await fetch(path, {cache: "no-store", signal});
	if (!answer.ok) {
		const error = new Error(`${path}: ${answer.status}`);
		error.status = answer.status;
		error.retryAfter = Number(answer.headers.get("Retry-After"));
		throw error;
	}
	return path.startsWith("/v1/history.csv") ? answer.text() : answer.json();
}

// Calls on.link(estimate), on.event(name, data), on.up() and on.down(). Tries again for ever: the
// browser's own reconnecting gives up after some errors, so each stream is a new one. A page that
// nobody sees lets go of its stream: a browser has six connections to a place for all its tabs.
export function listen(on) {
	let source = null, failures = 0, timer = 0;

	function open() {
		clearTimeout(timer);
		source?.close();
		source = new EventSource("/v1/events");
		source.onopen = () => {
			failures = 0;
			on.up();
		};
		source.onerror = () => {
			source.close();
			on.down();
			timer = setTimeout(open, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
		};
		source.addEventListener("link", (e) => on.link(JSON.parse(e.data)));
		for (const name of ["change", "outage", "network"])
			source.addEventListener(name, (e) => on.event(name, JSON.parse(e.data)));
	}
	function close() {
		clearTimeout(timer);
		source?.close();
		source = null;
	}
	document.addEventListener("visibilitychange", () => document.hidden ? close() : source ?? open());
	addEventListener("online", () => failures > 0 && open());
	addEventListener("pageshow", (e) => e.persisted && open());
	addEventListener("pagehide", close);
	open();
}
