// SPDX-License-Identifier: ISC
// Rides in a link lab of their own.
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const linklab = join(process.env.builddir ?? ".", "linklab");
const LIMIT_S = 180; // of one ride

/** What ride.mjs says of each job, in turn. */
export async function ride({modules, chromium, media, jobs}) {
	const folder = mkdtempSync(join(tmpdir(), "linkqd-lab-"));
	const lab = spawn(linklab, ["--script", jobs[0].script.split(";")[0], "--control", join(folder, "control"),
		"--log", join(folder, "truth.csv"), "--files", media, "--", process.execPath, join(here, "ride.mjs"), modules, chromium,
		...jobs.map((job) => JSON.stringify(job))], {stdio: ["ignore", "pipe", "pipe"]});
	const alarm = setTimeout(() => lab.kill("SIGTERM"), 1000 * LIMIT_S * jobs.length);
	let out = "", err = "";

	lab.stdout.on("data", (text) => out += text);
	lab.stderr.on("data", (text) => err += text);
	const status = await new Promise((go) => lab.on("close", go));
	clearTimeout(alarm);
	rmSync(folder, {recursive: true, force: true});
	if (status !== 0)
		throw new Error(`the lab ended with ${status}: ${err.slice(-2000)}`);
	return out.trim().split("\n").map((line) => JSON.parse(line));
}
