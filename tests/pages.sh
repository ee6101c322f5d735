#!/bin/sh
# SPDX-License-Identifier: ISC
# The manual pages: without a complaint of the formatter, and complete: every setting, route and
# command has its word. Prints TAP.
cd "${srcdir:-.}" || exit 99
build=${builddir:-.}
n=0
fail=0

# says NAME, then fails if FOUND is not empty
says() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$2" | sed 's/^/# /'
		fail=1
	fi
}

pages="daemon/linkqd.8 daemon/linkqd.conf.5 api/linkqd-api.7 daemon/cli/linkq.1"
echo "1..7"
for page in $pages; do
	if command -v groff >/dev/null; then
		says "$page formats without a complaint" "$(groff -mdoc -ww -Tutf8 "$page" 2>&1 >/dev/null)"
	else
		n=$((n + 1))
		echo "ok $n - $page formats without a complaint # SKIP groff is not installed"
	fi
done

# What the program says it knows, and the page does not tell.
untold() { # PAGE WORD...
	page=$1
	shift
	for word in "$@"; do
		grep -qF -- "$word" "$page" || echo "$word is not in $page"
	done
}

# shellcheck disable=SC2046 # one word a setting
says "every setting is in linkqd.conf.5" \
    "$(untold daemon/linkqd.conf.5 $("$build/linkqd" --check-config --probe none 2>/dev/null | sed -n 's/^\([a-z][a-z0-9-]*\) *=.*/\1/p') probe-interval)"
# shellcheck disable=SC2046
says "every route of the description is in linkqd-api.7" \
    "$(untold api/linkqd-api.7 $(sed -n 's/^ *"\(\/[a-zA-Z0-9._/{}-]*\)": *{.*/\1/p' api/openapi.json | sed 's/{id}/ID/; s/{file}/FILE/') /v1/link)"
# shellcheck disable=SC2046
says "every command is in linkq.1" \
    "$(untold daemon/cli/linkq.1 $("$build/linkq" --help 2>/dev/null | sed -n 's/^ \{2,4\}\([a-z]\{2,\}\)\( .*\)\{0,1\}$/\1/p') status)"
exit $fail
