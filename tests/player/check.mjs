// SPDX-License-Identifier: ISC
// Short rides of hls.js with the controller, each kind once. Prints TAP.
//
//	node check.mjs MODULES CHROMIUM MEDIA		MEDIA: the folder that media.sh made
//
// They judge how the parts work together; how well it plays beside hls.js alone is for
// tests/bench/player.mjs, where nothing else runs.
import {ride} from "./lab.mjs";
import {short} from "./rides.mjs";
import {units} from "./units.mjs";

const [modules, chromium, media] = process.argv.slice(2);
const BUFFER_S = 12;
const KILL_S = 6, BACK_S = 9.5; // of the handover's ride
const PATIENCE_MS = 600; // a busy machine answers late

const job = (kind, more = {}) => ({kind, ...short[kind], buffer: BUFFER_S, player: "linkq", options: {patience: PATIENCE_MS}, ...more});
const lanes = [["tunnel", "lift"], ["handover", "train_wifi"]].map((kinds) => ride({modules, chromium, media,
	jobs: kinds.map((kind) => job(kind, kind === "handover" ? {kill_s: KILL_S, back_s: BACK_S} : {}))}));

let count = 0, failed = 0;

function report(sentence, is, what) {
	count++;
	if (!is)
		failed++;
	console.log(`${is ? "ok" : "not ok"} ${count} - ${sentence}`);
	if (!is)
		console.log(`# ${JSON.stringify(what).slice(0, 3000)}`);
}

await units(report);

const said = {};
for (const lane of await Promise.allSettled(lanes))
	for (const answer of lane.value ?? [])
		said[answer.kind] = answer;
for (const lane of await Promise.allSettled(lanes))
	if (lane.status === "rejected")
		console.log(`# ${String(lane.reason).replaceAll("\n", "\n# ")}`);

for (const kind of Object.keys(short)) {
	const r = said[kind];

	if (r)
		console.log(`# ${kind}: ${Math.round(r.kbps)} kbit/s, stalls ${r.stall_s.toFixed(1)} s, ${r.switches} switches, ` +
			`${r.left} fragments left; ${r.answered} of ${r.asked} questions answered, ${r.observed} observations`);
	report(`${kind}: the film plays to its end`, r?.done && r.errors.length === 0, r);
	report(`${kind}: the daemon is asked, and its word followed`, r && r.answered > 10 && r.fetched > 3 &&
		r.followed >= 0.6 * r.fetched, r);
	report(`${kind}: the daemon learns of the fragments`, r && r.observed >= 3 && r.explain.sources.app.count > 10, r);
}
report("a tunnel is noticed by who plays", said.tunnel?.reasons.includes("outage"), said.tunnel);
report("hls.js goes on by itself when the daemon dies, and asks again when it is back", said.handover?.done &&
	said.handover.guided_then[0] && !said.handover.guided_then[1] && said.handover.back, said.handover);
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
