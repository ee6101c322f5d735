# SPDX-License-Identifier: ISC
# What quickstart and check share: words, packages, building. Sourced by sh; $top is the tree.

# say SENTENCE: progress, for a person
say() {
	printf '%s %s\n' "--" "$*"
}

# die SENTENCE: the end, with what went wrong
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# packages SECTION: the names in that section of contrib/packages
packages() {
	sed -n "/^\[$1\]/,/^\[/{/^[a-z0-9]/p}" "$top/contrib/packages"
}

# missing NAME...: those that are not installed
missing() {
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || printf '%s ' "$p"
	done
}

# install_packages YES NAME...: installs what is missing of the names, and asks first unless YES is yes
install_packages() {
	yes=$1
	shift
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		say "This is not Debian: the packages that are needed are listed in contrib/packages."
		return 0
	fi
	lacking=$(missing "$@")
	[ -n "$lacking" ] || return 0
	root=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "these packages are missing and need root or sudo to install: $lacking"
		root=sudo
	fi
	say "These Debian packages are missing: $lacking"
	if [ "$yes" != yes ]; then
		[ -t 0 ] || die "answer with --yes to have them installed"
		printf '   Install them now? [y/N] '
		read -r answer || answer=n
		case $answer in
		y | Y | yes) ;;
		*) die "nothing was installed; the packages are listed in contrib/packages" ;;
		esac
	fi
	say "Installing them (apt-get)"
	log=$work/packages.log
	# A failed update may still leave lists that are good enough; install tells.
	$root apt-get -q update >"$log" 2>&1 || say "apt-get update failed; going on with the lists that are there"
	# shellcheck disable=SC2086 # one word a package
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $lacking >>"$log" 2>&1 ||
	    { tail -n 5 "$log" >&2; die "the packages could not be installed; the whole log is $log"; }
}

# run LOG COMMAND...: quietly; on failure the end of the log is shown
run() {
	runlog=$1
	shift
	"$@" >"$runlog" 2>&1 && return 0
	tail -n 30 "$runlog" >&2
	return 1
}

# prepare: makes configure, where it is missing or older than what it is made from
prepare() {
	if [ ! -x "$top/configure" ] || [ -n "$(find "$top/configure.ac" "$top/Makefile.am" "$top"/*/Makefile.inc \
	    "$top"/*/*/Makefile.inc -newer "$top/configure" 2>/dev/null | head -n 1)" ]; then
		say "Making configure"
		(cd "$top" && run "$work/autoreconf.log" autoreconf -fi) || die "autoreconf failed; the whole log is $work/autoreconf.log"
	fi
}

# build FOLDER OPTION...: configures (once) and builds everything there; $gently, if set, goes before
# the commands that take long
build() {
	folder=$1
	shift
	mkdir -p "$folder" || die "cannot make the folder $folder"
	if [ ! -f "$folder/Makefile" ] || [ "$top/configure" -nt "$folder/Makefile" ]; then
		(cd "$folder" && run "$folder/configure.log" ${gently-} "$top/configure" -q "$@") ||
		    die "configure failed; the whole log is $folder/configure.log"
	fi
	run "$folder/make.log" ${gently-} make -C "$folder" -s -j "$(jobs_wanted)" || die "the build failed; the whole log is $folder/make.log"
}

jobs_wanted() {
	nproc 2>/dev/null || echo 2
}

# tally FOLDER: "passed failed skipped" over all suites there, from what automake's TAP driver wrote
# of each line. A suite that ends badly without a failed test counts as one failure; the error that
# the driver adds to a suite with failed tests does not count again.
tally() {
	find "$1" -name '*.trs' -exec awk '
		function done() {
			if (bad == 0 && error > 0)
				bad = 1
			pass += p; fail += bad; skip += s
			p = bad = s = error = 0
		}
		FNR == 1 { done() }
		/^:test-result: (PASS|XFAIL)/ { p++ }
		/^:test-result: (FAIL|XPASS)/ { bad++ }
		/^:test-result: SKIP/ { s++ }
		/^:test-result: ERROR/ { error++ }
		END { done(); print pass + 0, fail + 0, skip + 0 }' {} + |
	    awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'
}
