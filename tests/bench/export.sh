#!/bin/sh
# SPDX-License-Identifier: ISC
# CSV of a history of busy seconds: as the daemon streams it, beside `sqlite3 -csv` on the
# same rows. Run in the build folder: tests/bench/export.sh [ROWS]; five interleaved runs.
# Figures are CPU seconds (user and system together), medians at the end.
set -eu
rows=${1:-604800}
make -s tests/bench/export
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
db=$dir/history.db
tests/bench/export fill "$db" "$rows"
size=$(stat -c %s "$db")
echo "$rows rows of busy seconds, $((size / rows)).$((size * 10 / rows % 10)) bytes each"

cpu() { # FILE COMMAND..: append the CPU seconds that it takes to FILE
	file=$1
	shift
	{ LC_ALL=C bash -c 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>/dev/null' - "$@"; } 2>&1 |
	    awk '{ print $1 + $2 }' >>"$file"
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# The same text, made by SQL: times, names and units as the CSV of linkqd has them.
same="SELECT strftime('%Y-%m-%dT%H:%M:%S.000Z', t, 'unixepoch'), link.id,
 CASE state WHEN 1 THEN 'online' ELSE 'other' END,
 CASE quality WHEN 3 THEN 'good' ELSE 'other' END, down_kbps_p10, down_kbps_p50,
 down_kbps_p90, up_kbps_p50, rtt_us_min / 1000.0, rtt_us_p50 / 1000.0, rtt_us_p90 / 1000.0,
 ttfb_us_p50 / 1000.0, loss_ppm / 1000000.0, observations, bytes_observed, bytes_probed
 FROM estimate JOIN link ON link.n = estimate.link"
for i in 1 2 3 4 5; do
	cpu "$dir/linkqd" tests/bench/export csv "$db"
	cpu "$dir/sqlite3" sqlite3 -readonly -csv "$db" "SELECT * FROM estimate"
	[ "$i" -gt 3 ] || cpu "$dir/same" sqlite3 -readonly -csv "$db" "$same"
done
tests/bench/export csv "$db" >/dev/null
for who in linkqd sqlite3 same; do
	s=$(median "$dir/$who")
	case $who in
	linkqd) what="linkqd, CSV of /v1/history" ;;
	sqlite3) what="sqlite3 -csv, stored integers" ;;
	same) what="sqlite3 -csv, the same text by SQL" ;;
	esac
	awk -v what="$what" -v s="$s" -v rows="$rows" -v mine="$(median "$dir/linkqd")" 'BEGIN {
		printf "%-36s %6.2f s CPU  %5.2f Mrows/s a core  %5.2f times linkqd\n",
		    what, s, rows / s / 1e6, s / mine }'
done
