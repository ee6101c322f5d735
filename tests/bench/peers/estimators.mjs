// SPDX-License-Identifier: ISC
// Who is asked: linkq replay, the players' estimators, and one that is told the truth.
//
// Each turns a journey into a list of answers, one a tick: { t_s, p10, p50, p90, offline },
// kbit/s, NaN where there is no answer.
import { spawnSync } from "node:child_process";
import { parseRows } from "./journey.mjs";
import { Requests } from "./requests.mjs";

const point = (t_s, kbps) => ({ t_s, p10: kbps, p50: kbps, p90: kbps, offline: false });

// The estimator of linkqd, as `linkq replay` runs it: the rows in, a line out for each.
export function ours(linkq) {
	return (journey) => {
		const run = spawnSync(linkq, ["replay"],
			{ input: journey.text, encoding: "utf8", maxBuffer: 1 << 28 });
		if (run.error || run.status !== 0)
			throw new Error(`linkq replay: ${journey.name}: ${run.error ?? run.stderr}`);
		const lines = parseRows(run.stdout);
		if (lines.length !== journey.rows.length)
			throw new Error(`linkq replay: ${journey.name}: ${journey.rows.length} rows in, `
				+ `${lines.length} out`);
		return lines.filter((_, i) => journey.rows[i].kind === "tick").map((line) => ({
			t_s: line.t_s, p10: line.down_kbps_p10, p50: line.down_kbps_p50,
			p90: line.down_kbps_p90, offline: line.state === "offline",
		}));
	};
}

// A player's estimator: fed what it would have seen, read at each tick.
export function player(create) {
	return (journey) => {
		const peer = create();
		const requests = new Requests();
		const answers = [];
		for (const row of journey.rows) {
			const news = requests.take(row);
			if (news)
				peer.take(news);
			else if (row.kind === "tick")
				answers.push(point(row.t_s, peer.kbps()));
		}
		peer.close();
		return answers;
	};
}

// No client can be so: it is told at each tick what the link carried over the last second.
export function oracle(journey) {
	const { truth } = journey;
	return journey.rows.filter((row) => row.kind === "tick").map(({ t_s }) =>
		point(t_s, truth.mean(Math.max(truth.startS, t_s - 1), t_s)));
}
