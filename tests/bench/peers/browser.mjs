// SPDX-License-Identifier: ISC
// What the players touch of a browser while they load and measure, and a clock that we set.
//
// None of it takes part in an estimate but the clock: hls.js asks performance.now() how long
// a request has been open, so that has to be the journey's time and not this machine's.

const nothing = () => {};
const element = () => ({
	style: {},
	addEventListener: nothing,
	canPlayType: () => "",
	removeEventListener: nothing,
	setAttribute: nothing,
});

const stubs = {
	self: globalThis,
	window: globalThis,
	addEventListener: nothing,
	removeEventListener: nothing,
	document: {
		addEventListener: nothing,
		createElement: element,
		documentElement: {},
		querySelectorAll: () => [],
		removeEventListener: nothing,
	},
	getComputedStyle: () => ({ getPropertyValue: () => "" }),
	location: { href: "http://localhost/", hostname: "localhost", protocol: "http:", search: "" },
	matchMedia: () => ({ addEventListener: nothing, matches: false }),
	navigator: { language: "en", onLine: true, platform: "", userAgent: "node", vendor: "" },
	screen: { height: 1080, width: 1920 },
};

for (const [name, value] of Object.entries(stubs))
	if (globalThis[name] === undefined)
		Object.defineProperty(globalThis, name, { configurable: true, value, writable: true });

// The instant that the players believe it is, in milliseconds.
export const clock = { ms: 0 };
Object.defineProperty(globalThis.performance, "now", { configurable: true, value: () => clock.ms });

// Libraries greet on the console; the table has standard output for itself.
for (const level of ["debug", "info", "log", "warn"])
	console[level] = nothing;
export const print = (text) => process.stdout.write(text + "\n");
