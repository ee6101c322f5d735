#!/bin/sh
# SPDX-License-Identifier: ISC
# The dashboard in Debian's chromium, driven by playwright-core, which npm brings into the build
# folder. Skipped where one of them is not to be had. Prints TAP.
#
#   page.sh [SHOTS]	SHOTS: a folder for pictures
top=$(cd "${srcdir:-.}" && pwd) || exit 99
build=$(cd "${builddir:-.}" && pwd) || exit 99
here=$top/tests/page
npm=$build/tests/page/npm
export builddir="$build"

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

[ "${SANITIZERS:-no}" != yes ] || skip "the browser runs with the plain build"
for tool in node npm python3 chromium; do
	command -v $tool >/dev/null || skip "there is no $tool here"
done
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || skip "node is older than 18"

if ! cmp -s "$here/package-lock.json" "$npm/package-lock.json" || ! [ -f "$npm/node_modules/.package-lock.json" ]; then
	mkdir -p "$npm" || exit 99
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$npm"
	chmod u+w "$npm/package.json" "$npm/package-lock.json" "$npm/.npmrc"
	if ! (cd "$npm" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
	    --fetch-timeout=20000) >"$npm/log" 2>&1; then
		# What the world may refuse is one thing; a lock that does not fit is ours.
		if grep -Eq 'EUSAGE|EINTEGRITY' "$npm/log"; then
			sed 's/^/# /' "$npm/log"
			echo "Bail out! package-lock.json does not fit"
			exit 1
		fi
		skip "playwright-core did not come: $(grep -m 1 -E 'code|network|request' "$npm/log")"
	fi
fi

set -- node "$here/page.mjs" "$npm/node_modules" "$(command -v chromium)" "$@"
if "$build/linklab" --check 2>/dev/null; then
	work=$(mktemp -d) || exit 99
	trap 'rm -rf "$work"' EXIT
	"$build/linklab" --script 0,10000,4000,45 --control "$work/control" --log "$work/truth.csv" -- "$@"
else
	echo "# no link lab here: outages are told, not real"
	"$@"
fi
