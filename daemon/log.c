/* SPDX-License-Identifier: ISC */
/* Log lines: to standard error in the foreground, else to syslog. */
#include "daemon/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

/* Atomic, since threads read them while nothing but the start writes them. */
static atomic_int most_shown = LOG_LEVEL_INFO;
static atomic_bool to_syslog;
static atomic_bool to_journal; /* standard error is read by journald */

static const struct {
	int priority;
	const char *word;
} levels[] = {
	[LOG_LEVEL_ERROR] = { LOG_ERR, "error: " },
	[LOG_LEVEL_WARN] = { LOG_WARNING, "warning: " },
	[LOG_LEVEL_INFO] = { LOG_INFO, "" },
	[LOG_LEVEL_DEBUG] = { LOG_DEBUG, "debug: " },
};

/* JOURNAL_STREAM names the device and inode of the stream that journald made for us; it is
 * inherited by children whose standard error goes elsewhere, so both must agree. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	uintmax_t device, inode;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	if (sscanf(stream, "%ju:%ju", &device, &inode) != 2)
		return false;
	return device == (uintmax_t)st.st_dev && inode == (uintmax_t)st.st_ino;
}

void
log_open(enum log_level most, bool foreground)
{
	assert(most <= LOG_LEVEL_DEBUG);
	atomic_store(&most_shown, (int)most);
	atomic_store(&to_journal, stderr_is_journal());
	if (!foreground && !atomic_load(&to_syslog))
		openlog("linkqd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	else if (foreground && atomic_load(&to_syslog))
		closelog();
	atomic_store(&to_syslog, !foreground);
}

void
log_close(void)
{
	if (atomic_exchange(&to_syslog, false))
		closelog();
}

/* A line stays one line, and no byte of a hostile peer reaches a terminal as a command. */
static void
disarm(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void
write_line(enum log_level level, const char *text)
{
	char line[LINE_MAX_BYTES + 64], stamp[32] = "";
	struct timespec now;
	struct tm tm;
	int len;

	if (atomic_load(&to_journal)) {
		len = snprintf(line, sizeof line, "<%d>%s\n", levels[level].priority, text);
	} else {
		if (clock_gettime(CLOCK_REALTIME, &now) == 0 &&
		    localtime_r(&now.tv_sec, &tm) != NULL)
			(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S%z ", &tm);
		len = snprintf(line, sizeof line, "%s%s%s\n", stamp, levels[level].word, text);
	}
	/* One write, so that lines of two threads do not mix. A lost log line has nobody to
	 * tell. */
	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) == -1)
		return;
}

static void __attribute__((format(printf, 2, 0)))
log_v(enum log_level level, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];

	if ((int)level > atomic_load(&most_shown))
		return;
	if (vsnprintf(text, sizeof text, format, args) < 0)
		return;
	disarm(text);
	if (atomic_load(&to_syslog))
		syslog(levels[level].priority, "%s", text);
	else
		write_line(level, text);
}

#define DEFINE_LOG(name, level) \
	void name(const char *format, ...) \
	{ \
		va_list args; \
		va_start(args, format); \
		log_v(level, format, args); \
		va_end(args); \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
