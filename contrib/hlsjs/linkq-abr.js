// SPDX-License-Identifier: ISC
// An AbrController for hls.js 1.7 that asks linkqd which rendition to fetch.
//
//	import Hls from "./hls.mjs";
//	import {linkqAbr} from "./linkq-abr.js";
//	const hls = new Hls({abrController: linkqAbr(Hls)});
//
// hls.js wants its next level at once, so the daemon is asked ahead of time: when a fragment
// is in, some times a second while one is on its way, and each second while the buffer is
// full. Where no fresh answer is at hand the level is hls.js's own choice, whose logic runs
// along all the time.
import {Linkq} from "./linkq.js";
import {Choice} from "./linkq-choice.js";

const UNKNOWN_S = 2;      // a fragment, before its playlist is there
const LOOK_MS = 300;      // at a fragment under way
const AHEAD_MS = 2 * LOOK_MS; // before its end the next one is thought of
const ASK_AGAIN_MS = 1000; // while hls.js waits for room in its buffer
const HOPE_MS = 1000;     // for a fragment that is too slow
const SPARE_S = 2;        // of the buffer, for the request that takes its place
const STUCK_LEAST_MS = 1500;
const STUCK_TIMES = 2;    // of what nine fetches of ten take
const RETRIES = 2;        // of one stuck fragment
const KEEP_MS = 3000;     // for a new level's playlist
const HEARD_MS = 2000;    // no answer for so long: hls.js's own logic
const EDGE_SHARE = 1.1;   // of its duration: a part at the live edge was being made meanwhile

/**
 * The class to give as `abrController`. options: url, patience, token (see linkq.js), weights
 * (of the hint), client (a Linkq of one's own), onhint (called with each question, its answer,
 * and the level that follows, or -1).
 */
export function linkqAbr(Hls, options = {}) {
	const {Events, ErrorDetails} = Hls;

	return class LinkqAbrController extends Hls.DefaultConfig.abrController {
		#linkq;
		#session = `hlsjs-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
		#requests = new Map(); // fragment or part -> what is known of its transfer
		#count = 0;
		#timer = 0;
		#level = -1;     // as the daemon said; -1: it has not
		#choice = new Choice();
		#heardAt = -Infinity;
		#asking = false;
		#next = null;    // what to ask when the answer is there
		#askedAt = 0;
		#said = -1;      // what the getter said last
		#kept = {level: -1, until: 0};
		#last = null;    // the fragment that came last, and its transfer if the daemon does not know it
		#stuck = {sn: -1, count: 0};
		#started = false;
		#owned;

		constructor(hls) {
			super(hls);
			this.#linkq = options.client ?? new Linkq({log: (text) => hls.logger.log(`[linkq] ${text}`), ...options});
			this.#owned = options.client === undefined;
			this.#restOwnRule();
			const on = (event, handler) => hls.on(event, handler, this);
			on(Events.MANIFEST_LOADING, this.#onManifestLoading);
			on(Events.MANIFEST_PARSED, this.#onManifestParsed);
			on(Events.LEVELS_UPDATED, this.#forget);
			on(Events.FRAG_LOADING, this.#onLoading);
			on(Events.FRAG_LOADED, this.#onLoaded);
			on(Events.ERROR, this.#onFailed);
		}

		destroy() {
			const {hls} = this;
			for (const [event, handler] of [[Events.MANIFEST_LOADING, this.#onManifestLoading],
				[Events.MANIFEST_PARSED, this.#onManifestParsed], [Events.LEVELS_UPDATED, this.#forget],
				[Events.FRAG_LOADING, this.#onLoading], [Events.FRAG_LOADED, this.#onLoaded],
				[Events.ERROR, this.#onFailed]])
				hls?.off(event, handler, this);
			clearInterval(this.#timer);
			this.#requests.clear();
			if (this.#owned)
				this.#linkq.close();
			super.destroy();
		}

		/** Whether the daemon decides now. */
		get guided() {
			return this.#level !== -1 && this.#linkq.present && performance.now() - this.#heardAt < HEARD_MS;
		}

		// --- What hls.js asks ------------------------------------------------------------

		get firstAutoLevel() {
			return this.#hinted() ?? super.firstAutoLevel;
		}

		get nextAutoLevel() {
			const forced = super.forcedAutoLevel !== -1; // after an error, or by the page
			const own = super.nextAutoLevel;
			const hinted = forced ? undefined : this.#hinted();

			if (performance.now() - this.#askedAt > ASK_AGAIN_MS && this.#started)
				this.#ask({});
			this.#said = hinted === undefined ? own : this.#settled(hinted);
			return this.#said;
		}

		set nextAutoLevel(level) {
			if (level !== this.#said) // hls.js repeats what it was told
				super.nextAutoLevel = level;
		}

		/* Undefined: the daemon has not said, or a level that failed. */
		#hinted() {
			const {hls} = this;
			const level = this.guided ? hls?.levels?.[this.#level] : undefined;

			if (level === undefined || level.fragmentError > 0 || level.loadError > 0)
				return undefined;
			return Math.min(Math.max(this.#level, hls.minAutoLevel), hls.maxAutoLevel);
		}

		/* hls.js may wait for a new level's playlist: another one now would cost a fetch. */
		#settled(level) {
			const now = performance.now();

			if (now >= this.#kept.until || !this.hls.levels[this.#kept.level])
				this.#kept = {level, until: level === this.hls.loadLevel ? 0 : now + KEEP_MS};
			return this.#kept.level;
		}

		/* hls.js's own rule for slow fragments rests while the daemon watches them. */
		#restOwnRule() {
			const own = this._abandonRulesCheck;

			if (typeof own !== "function")
				return;
			this._abandonRulesCheck = (level) => this.guided ? undefined : own(level);
		}

		// --- What goes on in hls.js ------------------------------------------------------

		#forget() {
			this.#level = -1;
			this.#kept.until = 0;
		}

		#onManifestLoading() {
			this.#level = -1;
			this.#last = null;
			this.#started = false;
			this.#choice = new Choice();
			this.#requests.clear();
		}

		/* hls.js has begun with its own choice; what the daemon knows may be more. */
		async #onManifestParsed() {
			await this.#ask({});
			const level = this.#hinted();
			const {hls} = this;

			if (level === undefined || this.#started || !hls.autoLevelEnabled || hls.config.startLevel !== undefined ||
			    hls.loadLevel === -1)
				return;
			// One step down is not worth another playlist.
			if (level === hls.loadLevel - 1)
				this.#level = hls.loadLevel;
			else
				hls.nextLoadLevel = level;
		}

		#onLoading(event, {frag, part}) {
			if (frag.sn === "initSegment")
				return;
			this.#requests.set(part ?? frag, {id: `${this.#session}-${++this.#count}`, frag, part: part ?? null,
				bytes: -1, heard: performance.now(), left: false});
			if (frag.type === "main") {
				this.#started = true;
				this.#kept.until = 0;
			}
			clearInterval(this.#timer);
			this.#timer = setInterval(() => this.#look(), LOOK_MS);
		}

		#onLoaded(event, {frag, part}) {
			const request = this.#requests.get(part ?? frag);

			if (request === undefined)
				return;
			this.#requests.delete(part ?? frag);
			const told = this.#finished(request);

			this.#linkq.observe(told);
			if (frag.type !== "main" || frag.bitrateTest)
				return;
			this.#last = {frag, level: frag.level, transfer: part ? null : {rendition: String(frag.level), reported: true,
				bytes: told.bytes, duration_s: told.duration_ms / 1000, ttfb_s: told.ttfb_ms / 1000}};
			this.#ask({after: frag, more_s: part ? part.duration : frag.duration});
		}

		#onFailed(event, {details, frag, part, response}) {
			const request = frag && this.#requests.get(part ?? frag);
			const kind = {[ErrorDetails.FRAG_LOAD_TIMEOUT]: "timeout",
				[ErrorDetails.FRAG_LOAD_ERROR]: response?.code >= 400 ? "http" : "reset"}[details];

			if (!request || !kind)
				return;
			this.#requests.delete(part ?? frag);
			this.#linkq.observe({...this.#running(request), in_progress: false, ok: false, error: kind});
		}

		// --- Transfers, as the daemon wants them told ------------------------------------

		#stats(request) {
			return (request.part ?? request.frag).stats;
		}

		#running(request) {
			const {loading, loaded} = this.#stats(request);
			const now = performance.now();
			const told = {id: request.id, app: "hls.js", direction: "down", bytes: loaded,
				duration_ms: Math.max(0, now - (loading.start || now)), in_progress: true};

			if (loading.first > 0 && loaded > 0)
				told.ttfb_ms = loading.first - loading.start;
			return told;
		}

		#finished(request) {
			const {loading, loaded} = this.#stats(request);
			const told = {id: request.id, app: "hls.js", direction: "down", bytes: loaded,
				duration_ms: loading.end - loading.start, ttfb_ms: loading.first - loading.start, ok: true,
				ended_ms_ago: Math.max(0, Math.round(performance.now() - loading.end))};
			const entry = performance.getEntriesByName?.((request.part ?? request.frag).url, "resource").at(-1);

			if (entry && entry.responseEnd >= loading.start) {
				told.from_cache = entry.deliveryType === "cache" || (entry.transferSize === 0 && entry.decodedBodySize > 0);
				const connected = (entry.secureConnectionStart || entry.connectEnd) - entry.connectStart;
				if (connected > 0)
					told.connect_ms = connected;
			}
			if (request.part)
				told.server_limited = told.duration_ms < EDGE_SHARE * 1000 * request.part.duration;
			return told;
		}

		/* Each LOOK_MS, while anything is on its way. */
		#look() {
			let main = null;

			for (const [key, request] of this.#requests) {
				const stats = this.#stats(request);

				if (stats.aborted || this.hls === null) {
					this.#requests.delete(key);
					this.#linkq.observe({...this.#running(request), in_progress: false, ok: false, error: "aborted"});
					continue;
				}
				if (stats.loaded !== request.bytes) {
					request.bytes = stats.loaded;
					request.heard = performance.now();
				}
				if (stats.loading.start > 0 && performance.now() - stats.loading.start > LOOK_MS / 2)
					this.#linkq.observe(this.#running(request));
				if (request.frag.type === "main" && !request.frag.bitrateTest)
					main = request;
			}
			if (this.#requests.size === 0) {
				clearInterval(this.#timer);
				this.#timer = 0;
			}
			if (main !== null && main.part === null)
				this.#watch(main);
			else
				this.#linkq.flush();
		}

		/* Goes on or not; and shortly before its end, what is next. */
		async #watch(request) {
			await this.#ask({request});
			const {loading, loaded, total} = this.#stats(request);
			const left_ms = (total - loaded) / (loaded / (performance.now() - loading.first));

			if (this.hls !== null && this.#requests.has(request.frag) && left_ms < AHEAD_MS)
				this.#ask({after: request.frag, more_s: request.frag.duration - left_ms / 1000});
		}

		// --- The daemon -------------------------------------------------------------------

		/*
		 * About `request`, a fragment under way; or what comes after fragment `after`, of which
		 * `more_s` seconds are not yet in the buffer.
		 */
		async #ask(about) {
			const {hls} = this;

			if (!hls?.levels?.length || !this.#linkq.reachable)
				return;
			if (this.#asking) {
				this.#next = about;
				return;
			}
			const question = this.#question(about);
			this.#asking = true;
			this.#askedAt = performance.now();
			const answer = await this.#linkq.hint(question);
			this.#asking = false;
			if (this.hls === null)
				return;
			if (answer !== null)
				this.#take(about, question, answer);
			options.onhint?.(question, answer, this.#level);
			if (this.#next !== null)
				this.#askNext();
		}

		#askNext() {
			const next = this.#next;

			this.#next = null;
			if (next.request === undefined || this.#requests.has(next.request.frag))
				this.#ask(next);
		}

		#take(about, question, answer) {
			this.#heardAt = performance.now();
			if (answer.reason === "no_estimate")
				this.#level = -1;
			else if (about.request !== undefined)
				this.#judge(about.request, question, answer);
			else
				this.#level = Number(this.#choice.take(question, answer));
		}

		/* Those that hls.js itself would choose from. */
		#candidates() {
			const {levels, minAutoLevel, maxAutoLevel, loadLevel} = this.hls;
			const now = levels[this.#last?.level ?? (loadLevel === -1 ? super.firstAutoLevel : loadLevel)];
			const fits = levels.map((level, i) => ({level, i})).filter(({level, i}) => i >= minAutoLevel &&
				i <= maxAutoLevel && level.codecSet === now?.codecSet && level.videoRange === now?.videoRange &&
				!level.supportedResult?.decodingInfoResults?.some((info) => info.smooth === false));

			return fits.length > 0 ? fits : levels.map((level, i) => ({level, i}));
		}

		#question({request, after = this.#last?.frag, more_s = 0}) {
			const {hls} = this;
			const candidates = this.#candidates();
			const details = hls.latestLevelDetails;
			const known = (level) => candidates.some(({i}) => i === level);
			const plays = request === undefined ? after?.level : this.#last?.level;
			const kbps = (rate) => Math.max(1, Math.round(rate / 1000));
			const question = {session: this.#session,
				ladder: candidates.map(({level, i}) => ({id: String(i), avg_kbps: kbps(level.averageBitrate),
					peak_kbps: kbps(level.maxBitrate), height: level.height || 0})),
				buffer_s: Math.max(0, (hls.mainForwardBufferInfo?.len ?? 0) + more_s),
				segment_s: details?.averagetargetduration || (request?.frag ?? after)?.duration || UNKNOWN_S,
				playback_rate: Math.abs(hls.media?.playbackRate || 1), mode: "vod"};

			this.#setBuffer(question, details);
			this.#setPlace(question, details, request === undefined ? after?.sn + 1 : request.frag.sn);
			if (plays !== undefined && known(plays))
				question.current = String(plays);
			if (this.#last?.transfer && known(this.#last.level)) {
				question.last = this.#last.transfer;
				this.#last.transfer = null; // once is enough
			}
			if (request !== undefined && known(request.frag.level))
				question.inflight = this.#inflight(request);
			if (options.weights)
				question.weights = options.weights;
			return question;
		}

		#setPlace(question, details, sn) {
			const segments = details?.fragments.length ?? 0;

			if (details?.live || segments === 0 || !(sn >= details.startSN))
				return;
			question.segments = segments;
			question.segment = Math.min(segments - 1, sn - details.startSN);
		}

		/* What hls.js fills at any bit rate; a plan for more is no better, and must not change. */
		#setBuffer(question, details) {
			const {maxBufferLength, maxMaxBufferLength} = this.hls.config;

			question.max_buffer_s = Math.min(maxBufferLength, maxMaxBufferLength) + question.segment_s;
			if (!details?.live)
				return;
			question.mode = this.hls.lowLatencyMode && details.partList ? "low-latency" : "live";
			if (this.hls.targetLatency > 0)
				question.max_buffer_s = Math.min(question.max_buffer_s, this.hls.targetLatency);
		}

		#inflight(request) {
			const stats = this.#stats(request);
			const {bytes, duration_ms, ttfb_ms} = this.#running(request);
			const told = {id: request.id, rendition: String(request.frag.level), reported: true, bytes, elapsed_s: duration_ms / 1000};

			if (ttfb_ms !== undefined)
				told.ttfb_s = ttfb_ms / 1000;
			if (stats.total > 0)
				told.total_bytes = stats.total;
			return told;
		}

		/* What the answer means for the fragment under way. */
		#judge(request, question, answer) {
			const {hls} = this;
			const {frag} = request;
			const stats = frag.stats;

			if (request.left || !this.#requests.has(frag) || stats.aborted || !hls.autoLevelEnabled ||
			    (stats.total > 0 && stats.loaded === stats.total))
				return;
			if (answer.abandon.do && Number(answer.abandon.to) < frag.level)
				this.#leave(request, Number(answer.abandon.to));
			else if (this.#isHopeless(request, question, answer))
				this.#leave(request, Number(answer.rendition));
			else if (this.#isStuck(request, answer))
				this.#leave(request, Math.min(Number(answer.rendition), frag.level));
		}

		/*
		 * The daemon may wait for a link to come back as long as the buffer lasts, and is right in
		 * the mean. Here a new request costs a connection, often a playlist too: so if what is
		 * missing takes all of the buffer at best, and a lower level is next anyway, it is time.
		 */
		#isHopeless({frag}, {buffer_s, ladder, segment_s}, answer) {
			const {loaded, total, loading} = frag.stats;
			const usual = answer.renditions.find(({id}) => Number(id) === frag.level)?.fetch_s;
			const rest = total > 0 ? 1 - loaded / total : 1;

			return answer.reason !== "outage" && usual && Number(answer.rendition) < frag.level &&
				performance.now() - loading.start > HOPE_MS && rest * usual.p10 > buffer_s - SPARE_S &&
				125 * ladder[answer.index].avg_kbps * segment_s < rest * (total || Infinity);
		}

		/*
		 * After an outage the sender of a connection may sleep for as long as the outage took.
		 * If the link is alive and this fragment silent, a new connection is faster.
		 */
		#isStuck(request, answer) {
			const silent = performance.now() - request.heard;
			const usual = answer.renditions.find(({id}) => id === answer.rendition)?.fetch_s;

			if (answer.reason === "outage" || !usual || silent < Math.max(STUCK_LEAST_MS, STUCK_TIMES * 1000 * usual.p90))
				return false;
			if (this.#stuck.sn !== request.frag.sn)
				this.#stuck = {sn: request.frag.sn, count: 0};
			return ++this.#stuck.count <= RETRIES;
		}

		#leave(request, level) {
			const {hls} = this;
			const {frag} = request;

			request.left = true;
			hls.logger.log(`[linkq] leaves fragment ${frag.sn} of level ${frag.level} for level ${level}`);
			this.#requests.delete(frag);
			this.#linkq.observe({...this.#running(request), in_progress: false, ok: false, error: "aborted"});
			this.clearTimer();
			hls.nextLoadLevel = level;
			frag.abortRequests();
			hls.trigger(Events.FRAG_LOAD_EMERGENCY_ABORTED, {frag, part: null, stats: frag.stats});
		}
	};
}
