#!/bin/sh
# SPDX-License-Identifier: ISC
# The estimator on journeys, built for a machine with FMA: the same bytes as without. Were
# products and sums contracted (-ffp-contract=fast), the figures would differ.
journeys=${builddir:-.}/tests/sim/journeys
src=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

build() { # name, how to contract
	${CC:-cc} -std=gnu11 -O2 -march=x86-64-v3 -ffp-contract="$2" -D_GNU_SOURCE -I"$src" \
		-o "$tmp/$1" "$src"/estimator/*.c "$src"/tests/sim/client.c \
		"$src"/tests/sim/fetch.c "$src"/tests/sim/journeys.c "$src"/tests/sim/main.c \
		"$src"/tests/sim/ride.c "$src"/tests/sim/score.c -lm
}

if [ "$(uname -m)" != x86_64 ] || ! grep -qw fma /proc/cpuinfo; then
	echo "1..0 # SKIP no FMA here"
	exit 0
fi
echo 1..2
build fma off
[ -x "$tmp/fma" ] && echo "ok 1 - the estimator builds for a machine with FMA" ||
	echo "not ok 1 - the estimator builds for a machine with FMA"
"$journeys" --ticks > "$tmp/a"
"$tmp/fma" --ticks > "$tmp/b"
[ -s "$tmp/a" ] && cmp -s "$tmp/a" "$tmp/b" && echo "ok 2 - the same answers on all journeys" ||
	echo "not ok 2 - the same answers on all journeys"
