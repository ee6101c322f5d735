#!/bin/sh
# SPDX-License-Identifier: ISC
# The trainer of the corrections works: on next to nothing, so that it costs next to nothing.
learn=${builddir:-.}/tests/sim/learn/learn
top=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

check() { # status of the command before, description
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

echo 1..8
"$learn" --rides 2 --epochs 8 -o "$tmp/a.c" > "$tmp/log"
check $? "it learns from two rides"
awk '/^wis/ { good = $2 < 0.97 * $4 && $7 > 2000 } END { exit !good }' "$tmp/log"
check $? "what it learnt takes 3 % off the interval score of those rides, at the least"
"$learn" --rides 2 --epochs 8 -o "$tmp/b.c" > /dev/null && cmp -s "$tmp/a.c" "$tmp/b.c"
check $? "the same seed gives the same table"
# 35 inputs, 24 units, 24 units, 3 outputs, and a bias for each unit and output
[ "$(grep -oE '[0-9.]f[, ]' "$tmp/a.c" | wc -l)" -eq $((35 * 24 + 24 + 24 * 24 + 24 + 24 * 3 + 3)) ] &&
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -I"$top" -c "$tmp/a.c" -o "$tmp/a.o"
check $? "the table that it writes has all weights, and compiles"
"$learn" --present --rides 0 -o "$tmp/present.c" &&
    cmp -s "$tmp/present.c" "$top/estimator/correction_table.c"
check $? "the table of the estimator, written anew, is the same file"
awk 'BEGIN {
	print "t_s,kind,bytes,duration_s,ttfb_s,ok,id,truth_kbps"
	for (t = 1; t <= 40; t++)
		printf "%d,transfer,%d,0.8,0.05,1,r%d,\n%d.1,tick,,,,,,%s\n", t,
		    400000 + t % 7 * 30000, t, t, (t > 10 ? 5000 : "")
}' > "$tmp/rows.csv"
"$learn" --present --rides 0 --cases "$tmp/cases.csv" "$tmp/rows.csv" > "$tmp/log"
check $? "on recorded rows the network is that of the estimator"
awk -F, 'NF != 39 { bad = 1 } NR == 2 && sprintf("%.2f", $39) != "12.30" { bad = 1 }
    END { exit bad || NR != 31 }' "$tmp/cases.csv"
check $? "each row with a truth is a case: inputs, quantiles and log2(5000 + 32)"
echo '41,tick,,,,,,fast' >> "$tmp/rows.csv"
! "$learn" --present --rides 0 "$tmp/rows.csv" 2> "$tmp/err" &&
    grep -q "rows.csv, line $(wc -l < "$tmp/rows.csv"): truth_kbps is no rate" "$tmp/err"
check $? "a truth that is none is an error that names the line"
