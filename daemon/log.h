/* SPDX-License-Identifier: ISC */
/*
 * Log lines for the person awake at 3 a.m.: to standard error in the foreground, with the
 * priority prefix that journald reads (<4>) where JOURNAL_STREAM says so, else to syslog.
 */
#ifndef LINKQ_DAEMON_LOG_H
#define LINKQ_DAEMON_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* May be called again. Before the first call lines go to standard error. */
void log_open(enum log_level most, bool foreground);
void log_close(void);

/* Thread-safe; one line each, cut at 1 KiB; control characters are replaced. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
