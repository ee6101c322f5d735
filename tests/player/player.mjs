// SPDX-License-Identifier: ISC
// In the page: plays a stream with hls.js, with or without the daemon, and keeps what the
// viewer got. The question is in the address: src, seconds, buffer (0: as hls.js has it),
// daemon (none: hls.js alone), options of the controller.
import Hls from "/hls.mjs";
import {linkqAbr} from "/hlsjs/linkq-abr.js";

const asked = new URLSearchParams(location.search);
const seconds = Number(asked.get("seconds")), buffer = Number(asked.get("buffer"));
const video = document.getElementById("video");
const ride = {levels: [], played: [], hints: [], log: [], left: [], startup_s: null, done: false, guided: false,
	hint: -1, fetched: 0, followed: 0};
const begun = performance.now();
const at = () => Math.round(performance.now() - begun) / 1000;

const config = {workerPath: "/hls.worker.js", ...(buffer ? {maxBufferLength: buffer, maxMaxBufferLength: buffer} : {})};
if (asked.has("trace"))
	config.debug = Object.fromEntries(["trace", "debug", "log", "info", "warn", "error"].map((level) =>
		[level, (...words) => ride.log.push(`${at()} ${words.join(" ")}`)]));
if (asked.has("daemon"))
	config.abrController = linkqAbr(Hls, {url: asked.get("daemon"), ...JSON.parse(asked.get("options") ?? "{}"), onhint(question, answer, level) {
		if (answer)
			ride.hint = answer.abandon.do ? Number(answer.abandon.to) : level;
		ride.hints.push({at: at(), buffer_s: question.buffer_s, inflight: question.inflight ?? null,
			current: question.current ?? null, answer: answer && {rendition: answer.rendition, reason: answer.reason,
				abandon: answer.abandon, mtp: answer.cmcd.mtp,
				fetch_s: answer.renditions.map((r) => r.fetch_s), risk: answer.renditions.map((r) => r.stall_risk)}});
	}});

const hls = new Hls(config);
window.hls = hls;
window.ride = ride;
hls.on(Hls.Events.MANIFEST_PARSED, () => {
	ride.levels = hls.levels.map((level) => level.averageBitrate / 1e6);
	video.play();
});
hls.on(Hls.Events.FRAG_BUFFERED, (event, {frag}) => {
	if (frag.type === "main" && frag.sn !== "initSegment")
		ride.played[frag.sn] = frag.level;
});
hls.on(Hls.Events.FRAG_LOADED, (event, {frag}) => ride.log.push(`${at()} in ${frag.sn} ${frag.level} ` +
	`${Math.round(frag.stats.loading.end - frag.stats.loading.start)} ms buffer ${hls.mainForwardBufferInfo?.len.toFixed(1)}`));
hls.on(Hls.Events.FRAG_LOADING, (event, {frag}) => {
	if (ride.hint !== -1 && hls.abrController.guided) {
		ride.fetched++;
		ride.followed += frag.level === ride.hint;
	}
	ride.log.push(`${at()} asks ${frag.sn} ${frag.level}`);
});
hls.on(Hls.Events.FRAG_LOAD_EMERGENCY_ABORTED, (event, {frag}) => {
	ride.left.push([at(), frag.sn, frag.level]);
	ride.log.push(`${at()} leaves ${frag.sn} ${frag.level}`);
});
hls.on(Hls.Events.ERROR, (event, {details, fatal, error}) => ride.log.push(`${at()} ${fatal ? "FATAL " : ""}${details} ${error?.message}`));

let playing = null, from = 0;
video.addEventListener("playing", () => {
	if (playing !== null)
		return;
	playing = performance.now();
	from = video.currentTime;
	ride.startup_s = (playing - begun) / 1000;
});

// What the clock went on and the film did not is a stall.
let stood = false;
const look = setInterval(() => {
	ride.guided = hls.abrController.guided ?? false;
	if (playing === null)
		return;
	ride.stall_s = Math.max(0, (performance.now() - playing) / 1000 - (video.currentTime - from));
	const stands = video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
	if (stands !== stood)
		ride.log.push(`${at()} ${stands ? "stands" : "goes on"}`);
	stood = stands;
	if (video.currentTime < seconds && !video.ended)
		return;
	clearInterval(look);
	ride.dropped = video.getVideoPlaybackQuality().droppedVideoFrames;
	ride.done = true;
}, 50);

hls.loadSource(asked.get("src"));
hls.attachMedia(video);
