// SPDX-License-Identifier: ISC
// What the link does on each ride: rows as the link lab wants them.

// A carriage's shared uplink: it swings, jitters and loses, and others use it in earnest.
const carriage = [[0, 2000, 600, 160], [3, 1400, 500, 180], [5, 600, 300, 260], [7, 1900, 600, 170], [10, 900, 400, 220],
	[12, 250, 150, 380], [14, 1700, 500, 190], [18, 1000, 600, 200], [26, 1200, 400, 210], [29, 300, 200, 420],
	[31, 1500, 500, 200], [34, 2000, 600, 160], [37, 700, 300, 280], [40, 150, 100, 500], [42, 1800, 600, 180],
	[44, 700, 400, 200], [50, 1000, 400, 230], [53, 1600, 500, 190], [57, 400, 200, 340], [60, 2000, 600, 160]];

export const rides = {
	tunnel: {seconds: 45, script: "0,10000,4000,45; 15,0,0; 27,10000,4000"},
	lift: {seconds: 50, script: "0,30000,10000,40; 10,8000,2500,120; 11,1000,400,250; 12,200,100,400; " +
		"32,4000,1500,150; 33,30000,10000,40"},
	handover: {seconds: 45, script: "0,20000,8000,50; 15,0,0; 15.3,2000,500,120; 30,0,0; 30.2,150000,30000,15"},
	train_wifi: {seconds: 60, script: carriage.map((row, i) => row.join(",") + (i ? "" : ",0.5,30,900")).join("; ")},
};

// The same in short: enough to see that all of it works.
export const short = {
	tunnel: {seconds: 16, script: "0,10000,4000,45; 5,0,0; 12,10000,4000"},
	lift: {seconds: 16, script: "0,30000,10000,40; 4,8000,2500,120; 4.5,1000,400,250; 5,300,150,400; 12,4000,1500,150; 13,30000,10000,40"},
	handover: {seconds: 16, script: "0,20000,8000,50; 6,0,0; 6.3,2000,500,120; 12,0,0; 12.2,60000,20000,15"},
	train_wifi: {seconds: 16, script: carriage.slice(0, 7).map((row, i) => row.join(",") + (i ? "" : ",0.5,30,900")).join("; ")},
};
