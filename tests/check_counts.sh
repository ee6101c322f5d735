#!/bin/sh
# SPDX-License-Identifier: ISC
# contrib/check counts every test once: through automake's own TAP driver, on suites made here. Prints TAP.
top=${srcdir:-.}
build=${builddir:-.}
. "$top/contrib/lib.sh"
driver=$top/build-aux/tap-driver.sh
work=$(mktemp -d "$build/tests/counts.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
n=0
fail=0

# suite NAME SCRIPT: runs it as make check does
suite() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/$1.sh"
	AM_TAP_AWK=${AWK:-awk} sh "$driver" --test-name "$1" --log-file "$work/$1.log" --trs-file "$work/$1.trs" \
	    --color-tests no --enable-hard-errors yes --expect-failure no -- sh "$work/$1.sh" >/dev/null 2>&1
}

# counts SENTENCE "P F S": compares, and begins anew
counts() {
	n=$((n + 1))
	got=$(tally "$work")
	if [ "$got" = "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# wanted $2, got $got"
		fail=1
	fi
	rm -f "$work"/*
}

echo "1..7"
suite good 'echo 1..2; echo "ok - a"; echo "ok - b"'
counts "two good tests are two" "2 0 0"
suite bad 'echo 1..2; echo "ok - a"; echo "not ok - b"; exit 1'
counts "a failed test counts once, though its suite exits non-zero too" "1 1 0"
suite skips 'echo 1..2; echo "ok - a # SKIP no tunnel here"; echo "ok - b"'
counts "a skipped test is neither passed nor failed" "1 0 1"
suite crash 'echo 1..1; echo "ok - a"; kill -SEGV $$'
counts "a suite that crashes after its last good test is one failure" "1 1 0"
suite short 'echo 1..3; echo "ok - a"'
counts "a suite that ends before its plan is one failure" "1 1 0"
suite bail 'echo 1..3; echo "ok - a"; echo "Bail out! no socket"; exit 1'
counts "a suite that bails out is one failure" "1 1 0"
suite good 'echo 1..1; echo "ok - a"'
suite crash 'exit 3'
suite skips 'echo "1..0 # SKIP nothing here"'
counts "several suites add up, one that says nothing is a failure" "1 1 1"
exit $fail
