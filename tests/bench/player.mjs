// SPDX-License-Identifier: ISC
// hls.js with the controller of contrib/hlsjs beside hls.js alone: paired rides over the link
// lab, both of a pair at the same time in labs of their own. Prints two tables.
//
//	node player.mjs MODULES CHROMIUM MEDIA [PAIRS [KIND...]]
import {ride} from "../player/lab.mjs";
import {rides} from "../player/rides.mjs";
import {median} from "../player/score.mjs";

const [modules, chromium, media, pairs = 5, ...kinds] = process.argv.slice(2);
const players = {hlsjs: "hls.js alone", linkq: "with linkqd"};
const columns = [["kbps", "kbit/s", 0], ["stall_s", "stall s", 2], ["startup_s", "start s", 2], ["switches", "switches", 0],
	["left", "left", 0], ["top", "QoEtop", 2], ["lin", "QoElin", 2], ["log", "QoElog", 3]];
const WARM_S = 6; // a daemon runs before a player does
const got = [];

const cells = (name, values) => console.log(name.padEnd(26) + values.map((v) => v.padStart(10)).join(""));
const numbers = (f) => columns.map(([key, , digits]) => f(key).toFixed(digits));

console.log("Each ride:");
cells("", columns.map(([, name]) => name));
for (const kind of kinds.length > 0 ? kinds : Object.keys(rides))
	for (let pair = 0; pair < Number(pairs); pair++) {
		const job = {kind, ...rides[kind], buffer: 0, warm_s: WARM_S};
		const both = await Promise.allSettled(Object.keys(players).map((player) =>
			ride({modules, chromium, media, jobs: [{...job, player}]})));

		for (const {status, value, reason} of both) {
			if (status === "rejected")
				console.log(`left out: ${reason}`);
			else if (!value[0].done)
				console.log(`left out: ${kind} with ${value[0].player} did not come to its end`);
		}
		if (!both.every(({status, value}) => status === "fulfilled" && value[0].done))
			continue;
		got.push({kind, ...Object.fromEntries(both.map(({value}) => [value[0].player, value[0]]))});
		for (const [player, name] of Object.entries(players))
			cells(`${kind} ${name}`, numbers((key) => got.at(-1)[player][key]));
	}

console.log("\nMedians of the pairs:");
cells("", columns.map(([, name]) => name));
for (const kind of new Set(got.map((pair) => pair.kind))) {
	const these = got.filter((pair) => pair.kind === kind);

	for (const [player, name] of Object.entries(players))
		cells(`${kind} ${name}`, numbers((key) => median(these.map((pair) => pair[player][key]))));
	const ratio = median(these.map(({linkq, hlsjs}) => linkq.kbps / hlsjs.kbps));
	const ahead = these.filter(({linkq, hlsjs}) => linkq.top > hlsjs.top).length;
	console.log(`${kind}: ${ratio.toFixed(2)} times the bit rate, ahead by QoEtop in ${ahead} of ${these.length}`);
}
