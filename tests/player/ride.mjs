// SPDX-License-Identifier: ISC
// Runs inside the link lab: a page on loopback plays a stream from beyond the link, once for
// each job. Prints one JSON object a line.
//
//	node ride.mjs MODULES CHROMIUM JOB...	a job is JSON: kind, script, seconds, buffer,
//		player (linkq or hlsjs), options (of the controller), trace,
//		warm_s: how long the daemon has known the link before; kill_s, back_s: when the daemon dies and is there again
import {execFileSync, spawn} from "node:child_process";
import {createReadStream, mkdtempSync, rmSync} from "node:fs";
import {createServer} from "node:http";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {score} from "./score.mjs";

const [modules, chromiumPath, ...jobs] = process.argv.slice(2);
const {chromium} = createRequire(join(modules, "ride.mjs"))("playwright-core");
const here = dirname(fileURLToPath(import.meta.url));
const linkqd = join(process.env.builddir ?? ".", "linkqd");
const urls = process.env.LINKLAB_URLS.split(" ");
const folder = mkdtempSync(join(tmpdir(), "linkqd-player-"));
const SEGMENT_S = 2;
const PATIENCE_S = 60; // beyond the film

const wait = (s) => new Promise((go) => setTimeout(go, s * 1000));

function tell(script) {
	const code = "import os, socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.settimeout(10)\ns.bind('')\n" +
		"s.sendto(sys.argv[1].encode(), os.environ['LINKLAB_CONTROL'])\nassert s.recv(256) == b'ok'";
	execFileSync("python3", ["-c", code, script]);
}

// --- The page's server, on loopback ---------------------------------------------------------

const files = {"/": [join(here, "page.html"), "text/html"],
	"/player.mjs": [join(here, "player.mjs"), "text/javascript"],
	"/hls.mjs": [join(modules, "hls.js/dist/hls.mjs"), "text/javascript"],
	"/hls.worker.js": [join(modules, "hls.js/dist/hls.worker.js"), "text/javascript"],
	...Object.fromEntries(["linkq-abr.js", "linkq-choice.js", "linkq.js"].map((name) =>
		[`/hlsjs/${name}`, [join(here, "../../contrib/hlsjs", name), "text/javascript"]]))};

const server = createServer((request, answer) => {
	const file = files[new URL(request.url, "http://localhost").pathname];

	if (!file) {
		answer.writeHead(404).end();
		return;
	}
	answer.setHeader("Content-Type", file[1]);
	createReadStream(file[0]).pipe(answer);
});
await new Promise((go) => server.listen(0, "127.0.0.1", go));
const origin = `http://127.0.0.1:${server.address().port}`;

// --- The daemon -----------------------------------------------------------------------------

let daemon = null, port = 0;

async function start() {
	const env = {...process.env, HOME: folder, XDG_RUNTIME_DIR: folder, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder};
	const probes = [...urls.map((url) => `${url}/generate_204`), `download=${urls[0]}/bytes/{bytes}`];
	daemon = spawn(linkqd, ["--foreground", "--listen", `127.0.0.1:${port}`, "--socket", join(folder, "s"), "--database", join(folder, "db"),
		"--set", `allowed-origin=${origin}`, ...(process.env.LINKQD_SET ? ["--set", process.env.LINKQD_SET] : []), ...probes.flatMap((probe) => ["--probe", probe])], {env, stdio: ["ignore", "ignore", "pipe"]});
	let log = "";
	await new Promise((go, fail) => {
		daemon.stderr.on("data", (text) => {
			log += text;
			const found = log.match(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
			if (found) {
				port = Number(found[1]);
				go();
			}
		});
		daemon.on("exit", (status) => fail(new Error(`linkqd ended with ${status}: ${log}`)));
	});
}

async function stop() {
	if (daemon === null)
		return;
	const gone = new Promise((go) => daemon.on("exit", go));
	daemon.kill("SIGKILL");
	await gone;
	daemon = null;
}

const get = async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).json();

async function until(condition, what, seconds = 15) {
	const end = Date.now() + seconds * 1000;

	while (!await condition()) {
		if (Date.now() > end)
			throw new Error(`waited in vain for ${what}`);
		await wait(0.1);
	}
}

// --- A ride ---------------------------------------------------------------------------------

async function play(browser, job) {
	const question = new URLSearchParams({src: `${urls[0]}/files/main.m3u8`, seconds: job.seconds, buffer: job.buffer,
		...(job.trace ? {trace: 1} : {}), options: JSON.stringify(job.options ?? {}), ...(job.player === "linkq" ? {daemon: `http://127.0.0.1:${port}`} : {})});
	const context = await browser.newContext({viewport: {width: 400, height: 300}});
	const page = await context.newPage();
	const errors = [];

	page.on("pageerror", (error) => errors.push(`${error.name}: ${error.message} ${error.stack}`));
	// What the network denies is a part of the ride.
	page.on("console", (message) => message.type() === "error" && !message.text().startsWith("Failed to load resource") &&
		errors.push(message.text()));
	const begun = Date.now();
	const at = (s) => wait(Math.max(0, s - (Date.now() - begun) / 1000));
	const guided = [];
	const script = (async () => {
		if (!job.kill_s)
			return;
		await at(job.kill_s);
		guided.push(await page.evaluate(() => ride.guided));
		await stop();
		await at((job.kill_s + job.back_s) / 2);
		guided.push(await page.evaluate(() => ride.guided));
		await at(job.back_s);
		await start();
	})();
	tell(job.script);
	await page.goto(`${origin}/?${question}`);
	await page.waitForFunction(() => window.ride, null, {timeout: 15000}).catch(() => {
		throw new Error(`the page does not run: ${errors.join("; ")}`);
	});
	await page.waitForFunction(() => window.ride?.done, null, {timeout: (job.seconds + PATIENCE_S) * 1000, polling: 200}).catch(() => {});
	await script;
	const ride = await page.evaluate(() => ride);
	await context.close();
	return {...ride, guided_then: guided, errors};
}

async function run(browser, job) {
	tell(job.script.split(";")[0]);
	if (job.player === "linkq") {
		await start();
		await until(async () => (await get("/v1/link")).down_kbps !== null, "an estimate");
		await wait(job.warm_s ?? 0);
	}
	const ride = await play(browser, job);
	const answer = {...job, ...score(ride, job.seconds / SEGMENT_S), done: ride.done, errors: ride.errors,
		guided_then: ride.guided_then, asked: ride.hints.length, answered: ride.hints.filter((h) => h.answer).length,
		back: ride.hints.some(({answer, at}) => answer !== null && at > job.back_s), fetched: ride.fetched,
		followed: ride.followed, reasons: [...new Set(ride.hints.map((h) => h.answer?.reason))], dropped: ride.dropped};
	if (job.player === "linkq") {
		answer.explain = await get("/v1/explain");
		const rows = await (await fetch(`http://127.0.0.1:${port}/v1/history?what=observations&format=csv`)).text();
		answer.observed = rows.split("\n").filter((row) => row.endsWith(",hls.js")).length;
		answer.observations = job.trace ? rows : null;
	}
	if (job.trace)
		Object.assign(answer, {lines: ride.log, hints: ride.hints, played: ride.played});
	await stop();
	port = 0;
	for (const name of ["db", "db-wal", "db-shm"])
		rmSync(join(folder, name), {force: true});
	return answer;
}

let browser = null, failed = false;
try {
	browser = await chromium.launch({executablePath: chromiumPath, headless: true, chromiumSandbox: false,
		args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--autoplay-policy=no-user-gesture-required"]});
	for (const job of jobs)
		console.log(JSON.stringify(await run(browser, JSON.parse(job))));
} catch (error) {
	console.error(error);
	failed = true;
} finally {
	await browser?.close();
	await stop();
	server.close();
	rmSync(folder, {recursive: true, force: true});
}
process.exit(failed ? 1 : 0);
