// SPDX-License-Identifier: ISC
// The estimator of linkqd beside those of three web players, on the same journeys.
//
//   node run.mjs --linkq PROGRAM --journeys FOLDER --modules FOLDER
//
// --journeys  what `rows FOLDER` wrote: what each client reported on each link, and the
//             goodput that the link could carry
// --modules   the node_modules with hls.js, shaka-player and dashjs
//
// Everyone is fed the same rows and read at each tick (0.5 s). The players learn what they
// would have learnt in their own programs; each one's file says how. "last second" is no
// estimator: it is told the true capacity of the second before, as a mark of what a
// perfect measurement of the present is worth. What the columns mean: score.mjs.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { print } from "./browser.mjs";
import * as dashjs from "./dashjs.mjs";
import * as hlsjs from "./hlsjs.mjs";
import * as shaka from "./shaka.mjs";
import { oracle, ours, player } from "./estimators.mjs";
import { journeys } from "./journey.mjs";
import { add, judge } from "./score.mjs";
import { smoke } from "./smoke.mjs";
import { block } from "./table.mjs";

const CLIENTS = ["video", "web", "bulk", "probe"];
const PEERS = { "hls.js": hlsjs, "shaka-player": shaka, "dashjs": dashjs };

async function load(linkq, modules) {
	const mine = new Map([["linkqd", ours(resolve(linkq))]]);
	const players = new Map();
	const versions = [];
	for (const [name, peer] of Object.entries(PEERS)) {
		const about = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
		versions.push(`${name} ${about.version}`);
		players.set(name, player(await peer.load(modules)));
	}
	return { mine, players, versions };
}

function judgeAll(folder, estimators) {
	const tallies = CLIENTS.map(() => new Map([...estimators.keys()].map((name) => [name, []])));
	let count = 0;
	for (const journey of journeys(folder)) {
		count++;
		for (const [name, estimate] of estimators)
			tallies[CLIENTS.indexOf(journey.client)].get(name).push(judge(journey, estimate(journey)));
	}
	if (!count)
		throw new Error(`no journeys in ${folder}`);
	return { count, tallies };
}

async function main() {
	const text = { type: "string" };
	const { values } = parseArgs({ options: { linkq: text, journeys: text, modules: text } });
	if (!values.linkq || !values.journeys || !values.modules)
		throw new Error("usage: run.mjs --linkq PROGRAM --journeys FOLDER --modules FOLDER");
	const { mine, players, versions } = await load(values.linkq, resolve(values.modules));
	const checks = smoke(mine, players);
	print(`peers: ${versions.join(", ")}; ${checks} checks of the bench pass`);

	const estimators = new Map([...mine, ...players, ["(last second)", oracle]]);
	const { count, tallies } = judgeAll(values.journeys, estimators);
	CLIENTS.forEach((client, i) => {
		const sums = new Map([...tallies[i]].map(([name, list]) => [name, add(list)]));
		print("\n" + block(client, sums));
	});
	const all = new Map([...estimators.keys()].map((name) =>
		[name, add(tallies.flatMap((of) => of.get(name)))]));
	print("\n" + block(`all ${count} journeys`, all));
}

main().catch((error) => {
	process.stderr.write(`bench-peers: ${error.message}\n`);
	process.exitCode = 1;
});
