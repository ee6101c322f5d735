#!/bin/sh
# SPDX-License-Identifier: ISC
# hls.js with the controller of contrib/hlsjs in Debian's chromium, over the link lab. npm brings
# hls.js and playwright-core into the build folder, ffmpeg makes the film. Skipped where one of
# them is not to be had. Prints TAP.
#
#	player.sh		the test
#	player.sh bench [PAIRS]	beside hls.js alone: a table
top=$(cd "${srcdir:-.}" && pwd) || exit 99
build=$(cd "${builddir:-.}" && pwd) || exit 99
here=$top/tests/player
npm=$build/tests/player/npm
media=$build/tests/player/media
export builddir="$build"

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

[ "${SANITIZERS:-no}" != yes ] || skip "the browser runs with the plain build"
for tool in node npm python3 chromium ffmpeg; do
	command -v $tool >/dev/null || skip "there is no $tool here"
done
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || skip "node is older than 18"
"$build/linklab" --check 2>/dev/null || skip "there is no link lab here"

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
		skip "hls.js did not come: $(grep -m 1 -E 'code|network|request' "$npm/log")"
	fi
fi

seconds=30
what=check.mjs
if [ "${1:-}" = bench ]; then
	shift
	seconds=120
	what=../bench/player.mjs
fi
sh "$here/media.sh" "$media" $seconds || { echo "Bail out! no film"; exit 1; }
exec node "$here/$what" "$npm/node_modules" "$(command -v chromium)" "$media/$seconds" "$@"
