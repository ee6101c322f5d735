// SPDX-License-Identifier: ISC
// From an answer of linkqd to the rendition that a player takes: what a viewer wants of a link
// that nobody knows yet, and no to and fro.
//
// The hint weighs a picture now against the chance of a stall later. Where no link's past tells
// of tunnels the chance is small, and a viewer new to it would sit in the first one with an
// empty buffer. So the buffer is filled first, and a full one is used: small needs pass.

const FULL_S = 15;         // of media in the buffer, or half of what it holds
const UP_SHARE = 0.7;      // of a segment's duration, for its fetch, until it is full
const UP_SURE_SHARE = 0.8; // the same of nine fetches of ten, if half of that is there;
const UP_LOW_SHARE = 0.7;  // with less than that
const STAY_SHARE = 0.8;
const STAY_SURE_SHARE = 0.25; // of the buffer, on top of the duration, for nine of ten
const START_SHARE = 0.25;  // of the duration, for nine of ten, where nothing plays: a viewer waits
const QUICK_SHARE = 0.5;   // the same where there is no doubt
const SPEND_SHARE = 0.5;   // of a full one, for one fetch
const CALM_S = 6;          // with so much in the buffer no single step down is urgent,
const CALM_REST_S = 4;     // if a fetch as it is leaves this

export class Choice {
	#full = false;
	#proposed = -1; // what the answer before would have come to

	/**
	 * The id of a rendition. question: as it was asked, ladder ascending, with buffer_s,
	 * max_buffer_s, segment_s, playback_rate and, if something plays, current (an id); answer:
	 * the daemon's.
	 */
	take(question, answer) {
		const now = answer.renditions.findIndex(({id}) => id === question.current);
		const before = this.#proposed;
		let index = this.#affordable(question, answer, now);

		if (index < now && answer.index >= now - 1 && this.#calm(question, answer.renditions[now]))
			index = now;
		this.#proposed = index;
		// One lucky burst looks like a fast link: up only as far as was said twice.
		if (now >= 0 && index > now && index > before && !this.#quick(question, answer.renditions[index]))
			index = Math.max(now, before);
		return answer.renditions[index].id;
	}

	#affordable({buffer_s, max_buffer_s, segment_s, playback_rate}, {index, renditions}, now) {
		const full_s = Math.min(FULL_S, max_buffer_s / 2);
		const plays_s = segment_s / playback_rate;
		const fits = (i, share, sure_s) => renditions[i].fetch_s === null ||
			(renditions[i].fetch_s.p50 <= share * plays_s && renditions[i].fetch_s.p90 <= sure_s);

		this.#full = buffer_s >= (this.#full ? full_s / 2 : full_s);
		for (let i = index; i > 0; i--)
			if (this.#full ? fits(i, SPEND_SHARE * buffer_s / plays_s, Infinity) :
			    now < 0 ? fits(i, UP_SHARE, START_SHARE * plays_s) :
			    i > now ? fits(i, UP_SHARE, (buffer_s < full_s / 2 ? UP_LOW_SHARE : UP_SURE_SHARE) * plays_s) :
			    fits(i, STAY_SHARE, plays_s + STAY_SURE_SHARE * Math.max(0, buffer_s - segment_s)))
				return i;
		return 0;
	}

	#quick({segment_s, playback_rate}, {fetch_s}) {
		return fetch_s !== null && fetch_s.p90 <= QUICK_SHARE * segment_s / playback_rate;
	}

	#calm({buffer_s}, {fetch_s}) {
		return buffer_s >= CALM_S && fetch_s !== null && fetch_s.p50 <= buffer_s - CALM_REST_S;
	}
}
