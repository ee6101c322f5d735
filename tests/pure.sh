#!/bin/sh
# SPDX-License-Identifier: ISC
# The estimator may call libm, memory copies and assert; nothing else: no clock, no I/O.
echo 1..1
if [ "${SANITIZERS:-}" = yes ]; then
	echo "ok 1 - estimator calls libm and memory only # SKIP sanitizers call more"
	exit 0
fi
cd "${builddir:-.}" || exit 99
foreign=$(${NM:-nm} -A --undefined-only libestimator.a | awk '{ print $NF }' | sort -u |
	grep -vxE '(est|ahead|belief|window|merge|flows?|silence|forecast|feedback|latency|delays|change|evidence|fate|level|outlook|plan|grain|reversion|correction|trend)_[a-z0-9_]*' |
	grep -vxE '(exp2?|expm1|erfc?|log(2|1p)?|sqrt|pow|f(abs|min|max)|floor|ceil|l?l?rint|l?l?round|isfinite)f?' |
	grep -vxE 'mem(cpy|move|set|cmp)|str(cmp|len)|__assert_fail|__stack_chk_fail|__[a-z]*_chk|_GLOBAL_OFFSET_TABLE_|__gcov[a-z0-9_]*')
if [ -z "$foreign" ]; then
	echo "ok 1 - estimator calls libm and memory only"
else
	echo "not ok 1 - estimator calls libm and memory only"
	echo "$foreign" | sed 's/^/# /'
fi
