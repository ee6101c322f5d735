// SPDX-License-Identifier: ISC
// Talks to linkqd from a page: hints and observations, never longer than a player can wait.
//
// No method throws. While the daemon is away nothing is sent but one try now and then, and
// `present` is false: the player goes on with its own logic.

const AWAY_FIRST_MS = 500, AWAY_MOST_MS = 15000;
const MISSES = 2;             // slow answers in a row that make a daemon absent
const FIRST_PATIENCE_MS = 60000; // a browser may ask a person first
const QUEUE_MOST = 64;

export class Linkq {
	#url;
	#patience;
	#headers;
	#log;
	#known = false;
	#misses = 0;
	#awayMs = AWAY_FIRST_MS;
	#tryAt = 0;
	#told = false;
	#queue = [];
	#running = new Set();
	#closed = false;

	/**
	 * url: of the daemon. patience: ms for an answer. token: for a daemon that is not on this
	 * host. log: takes a sentence when the daemon comes or goes.
	 */
	constructor({url = "http://127.0.0.1:8790", patience = 150, token = null, log = () => {}} = {}) {
		this.#url = url.replace(/\/+$/, "");
		this.#patience = patience;
		this.#headers = {"Content-Type": "application/json"};
		if (token)
			this.#headers.Authorization = `Bearer ${token}`;
		this.#log = log;
	}

	/** Whether it answered when it was asked last. */
	get present() {
		return this.#known;
	}

	/** Whether a question would be sent now. */
	get reachable() {
		return !this.#closed && (this.#known || performance.now() >= this.#tryAt);
	}

	/** Keeps observations until the next question, or until flush(). */
	observe(...observations) {
		const now = performance.now();
		this.#queue.push(...observations.map((o) => ({at: now, o})));
		this.#queue.splice(0, this.#queue.length - QUEUE_MOST);
	}

	/** Sends what was observed; whether it arrived. */
	async flush() {
		if (this.#queue.length === 0)
			return true;
		if (!this.reachable)
			return false;
		const now = performance.now();
		const observations = this.#queue.splice(0).map(({at, o}) => ({ended_ms_ago: Math.round(now - at), ...o}));
		return await this.#post("/v1/observations", {observations}) !== null;
	}

	/** The answer to a hint request, after all that was observed; null where there is none. */
	async hint(question) {
		if (!this.reachable || !await this.flush())
			return null;
		return this.#post("/v1/hint", question);
	}

	close() {
		this.#closed = true;
		this.#queue = [];
		for (const request of this.#running)
			request.abort();
	}

	async #post(path, body) {
		const request = new AbortController();
		const patience = this.#known ? this.#patience : FIRST_PATIENCE_MS;
		const alarm = setTimeout(() => request.abort(), patience);

		// Until this one is answered no other needs to try.
		if (!this.#known)
			this.#tryAt = Infinity;
		this.#running.add(request);
		try {
			const answer = await fetch(this.#url + path, {method: "POST", headers: this.#headers,
				body: JSON.stringify(body), signal: request.signal, cache: "no-store",
				credentials: "omit", referrerPolicy: "no-referrer"});
			const said = await answer.json();
			if (!answer.ok) {
				this.#answered();
				this.#log(`linkqd refuses ${path}: ${said.detail ?? answer.status}`);
				return null;
			}
			this.#answered();
			return said;
		} catch (error) {
			this.#missed(request.signal.aborted && this.#known);
			return null;
		} finally {
			clearTimeout(alarm);
			this.#running.delete(request);
		}
	}

	#answered() {
		if (!this.#known && !this.#closed)
			this.#log(`linkqd answers at ${this.#url}`);
		this.#known = true;
		this.#misses = 0;
		this.#awayMs = AWAY_FIRST_MS;
	}

	/* A late answer is no absence yet: the page may have been busy itself. */
	#missed(late) {
		if (late && ++this.#misses < MISSES)
			return;
		if (!this.#closed && (this.#known || !this.#told))
			this.#log(`no answer from linkqd at ${this.#url}: it is not there, or does not allow ` +
				`${globalThis.location?.origin ?? "this origin"}; the player's own logic goes on`);
		this.#told = true;
		this.#known = false;
		this.#tryAt = performance.now() + this.#awayMs;
		this.#awayMs = Math.min(AWAY_MOST_MS, 2 * this.#awayMs);
	}
}
