#!/bin/sh
# SPDX-License-Identifier: ISC
# The dependency direction, checked by the include lines: estimator <- api <- daemon; and each
# third-party interface stays in the files that own it. Prints TAP.
cd "${srcdir:-.}" || exit 99
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

# include lines that match PATTERN in the .c and .h files of FOLDER (not deeper)
includes() {
	grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" "$1"/*.[ch] 2>/dev/null
}

# include lines of HEADER anywhere in the three layers, but for the files that may
only() {
	header=$1
	shift
	allowed=$(printf '%s\n' "$@" | sed 's/[.]/\\./g' | paste -sd'|' -)
	find estimator api daemon -name '*.[ch]' | sort |
	    xargs grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<($header)" |
	    grep -vE "^($allowed):"
}

echo "1..10"
says "the estimator includes nothing of the api or the daemon, no input, output or clock" \
    "$(includes estimator 'api/|daemon/|event2?/|sqlite3|microhttpd|curl/|time\.h|stdio|stdlib|unistd|sys/|pthread|errno\.h.*socket')"
says "the api includes nothing of the daemon and none of its libraries" \
    "$(includes api 'daemon/|event2/|sqlite3|curl/|libmnl|confuse|pthread')"
says "nothing but the command line includes the command line" \
    "$(for d in estimator api daemon daemon/gateway daemon/lab; do includes $d 'daemon/cli/'; done)"
says "the lab needs nothing of the daemon" \
    "$(includes daemon/lab 'daemon/[a-z_]+\.h|api/|estimator/')"
says "libmicrohttpd is known to the API's server, the gateway's and the lab's origin alone" \
    "$(only 'microhttpd\.h' api/http.c daemon/gateway/serve.c daemon/lab/origin.c)"
says "SQLite is known to the history's file alone" \
    "$(only 'sqlite3\.h' daemon/history.c daemon/history_columns.c daemon/history_forget.c \
	daemon/history_kept.c daemon/history_open.c daemon/history_read.c daemon/history_sums.c \
	daemon/history_tidy.c)"
says "libevent is known to the loop and the probes' glue alone" \
    "$(only 'event2/[a-z_]+\.h' daemon/loop.c daemon/probe_http.c)"
says "libcurl is known to the probes, the gateway's fetches and linkq's client alone" \
    "$(only 'curl/curl\.h' daemon/probe_internal.h daemon/cli/client.c daemon/gateway/fetch.c \
	daemon/gateway/url.c)"
says "libconfuse is known to the configuration alone" \
    "$(only 'confuse\.h' daemon/config_file.c)"
says "nothing turns assertions off" \
    "$(grep -rnE 'define[[:space:]]+NDEBUG|-DNDEBUG' estimator api daemon configure.ac Makefile.am --include='*.[ch]' --include='Makefile*' --include=configure.ac 2>/dev/null)"
exit $fail
