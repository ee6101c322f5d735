#!/bin/sh
# SPDX-License-Identifier: ISC
# Bring the players into the build folder, write the journeys, print the table.
#
#   run.sh SOURCES NPM BUILD	this folder; where node_modules and the journeys go; the
#				folder of linkq
#
# Where node, npm or the packages are not to be had, says so and succeeds: the other
# benchmarks go on.
set -eu
peers=$1
npm=$2
build=$3

skip() {
	echo "bench-peers: left out: $*"
	exit 0
}

install() {
	mkdir -p "$npm"
	cp "$peers/package.json" "$peers/package-lock.json" "$peers/.npmrc" "$npm"
	chmod u+w "$npm/package.json" "$npm/package-lock.json" "$npm/.npmrc"
	echo "bench-peers: installing hls.js, shaka-player and dashjs in $npm"
	if ! (cd "$npm" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
	    --fetch-timeout=30000) >"$npm/log" 2>&1; then
		# What the world may refuse is one thing; a lock that does not fit is ours.
		if grep -Eq 'EUSAGE|EINTEGRITY' "$npm/log"; then
			cat "$npm/log" >&2
			exit 1
		fi
		skip "the packages did not come: $(grep -m 1 -E 'code|network|request' "$npm/log")"
	fi
}

for tool in node npm; do
	command -v $tool >/dev/null || skip "there is no $tool here"
done
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || skip "node is older than 18"
if ! cmp -s "$peers/package-lock.json" "$npm/package-lock.json" ||
    ! [ -f "$npm/node_modules/.package-lock.json" ]; then
	install
fi

rm -rf "$npm/journeys"
"$build/tests/bench/peers/rows" "$npm/journeys"
node "$peers/run.mjs" --linkq "$build/linkq" --journeys "$npm/journeys" \
    --modules "$npm/node_modules"
rm -rf "$npm/journeys"
