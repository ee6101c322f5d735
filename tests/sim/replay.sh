#!/bin/sh
# SPDX-License-Identifier: ISC
# linkq replay: an estimate for each row, the same bytes every time and on every machine
# (with and without FMA), and errors that name the line.
linkq=${builddir:-.}/linkq
data=${srcdir:-.}/tests/sim/ride.csv
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

check() { # status of the command before, description
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

fails_with() { # rows, expected part of the message, description
	printf "$1" > "$tmp/in"
	"$linkq" replay < "$tmp/in" > /dev/null 2> "$tmp/err"
	[ $? -ne 0 ] && grep -qF "$2" "$tmp/err"
	check $? "$3"
}

echo 1..9
"$linkq" replay < "$data" > "$tmp/a"
check $? "replay runs over a ride"
[ "$(wc -l < "$tmp/a")" -eq "$(wc -l < "$data")" ]
check $? "a line of output for each line of input"
"$linkq" replay < "$data" > "$tmp/b"
cmp -s "$tmp/a" "$tmp/b"
check $? "the same bytes again"
GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX2_Usable,-FMA_Usable \
	"$linkq" replay < "$data" > "$tmp/c"
cmp -s "$tmp/a" "$tmp/c"
check $? "the same bytes where libm must do without FMA"
"$linkq" replay --horizon 60 < "$data" > "$tmp/d"
! cmp -s "$tmp/a" "$tmp/d"
check $? "another horizon is another forecast"
head='t_s,kind,bytes,duration_s,ttfb_s,ok\n'
fails_with "${head}1,tick,,,,\n2,tock,,,,\n" "line 3: unknown kind 'tock'" \
	"an unknown kind is an error that names the line"
fails_with "${head}2,tick,,,,\n1,tick,,,,\n" "line 3: time runs backwards" \
	"time that runs backwards is one too"
fails_with 't_s,kind,bytes,duration_s,ok\n' "line 1: no column ttfb_s" "a missing column is named"
printf 'extra,ok,t_s,kind,bytes,ttfb_s,duration_s\nx,1,1.5,transfer,100000,0.05,0.25\n' > "$tmp/in"
"$linkq" replay < "$tmp/in" | tail -n 1 | grep -q '^1\.5,[0-9]*,[0-9]*,[0-9]*,,online,'
check $? "columns are found by name, unknown ones left out"
