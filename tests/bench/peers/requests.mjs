// SPDX-License-Identifier: ISC
// From rows to requests: what a player would have seen of each, in the order it saw it.
//
// A row tells how far one request had come. Two rows of a request in a row bound a slice;
// inside it bytes are taken to have come evenly (and none before the first byte), since
// nothing more is known. All times here are milliseconds.

export class Requests {
	#open = new Map();

	// Take one row: { request, from, to, over }, or null where it is of no request. from
	// and to are { ms, bytes }; over says that the request ended here.
	take(row) {
		if ((row.kind !== "transfer" && row.kind !== "progress") || row.direction === "up")
			return null;
		const request = this.#find(row);
		const from = request.points.at(-1);
		const to = { ms: row.t_s * 1000, bytes: Math.round(row.bytes) || 0 };
		if (Number.isFinite(row.ttfb_s))
			request.firstMs = request.startMs + row.ttfb_s * 1000;
		request.points.push(to);
		const over = row.kind === "transfer";
		if (over) {
			request.endMs = to.ms;
			request.ok = row.ok === 1;
			request.firstMs ??= to.bytes > 0 ? to.ms : null;
			this.#open.delete(row.id);
		}
		return { request, from, to, over };
	}

	#find(row) {
		let request = this.#open.get(row.id);
		if (!request) {
			const startMs = (row.t_s - row.duration_s) * 1000;
			request = { startMs, firstMs: null, endMs: null, ok: null,
				points: [{ ms: startMs, bytes: 0 }] };
			this.#open.set(row.id, request);
		}
		return request;
	}
}

// Call read({ ms, bytes }) for what had come at each grainMs between two points of a request.
export function eachRead(request, from, to, grainMs, read) {
	if (to.bytes <= from.bytes)
		return;
	const startMs = Math.max(from.ms, request.firstMs ?? from.ms);
	for (let ms = startMs + grainMs; ms < to.ms; ms += grainMs) {
		const share = (ms - startMs) / (to.ms - startMs);
		read({ ms, bytes: Math.floor(from.bytes + share * (to.bytes - from.bytes)) });
	}
	read(to);
}
