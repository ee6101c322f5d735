/* SPDX-License-Identifier: ISC */
/* Opening the history's file: the lock, whose file it is, whether it is whole, its schema. */
#include "daemon/history_open.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/history.h"
#include "daemon/history_owner.h"
#include "daemon/log.h"

/*
 * Version 1. WITHOUT ROWID keeps a row in its key's place: no second tree, a third less
 * to write. Time comes first in each key: rows are appended, exported and dropped by it.
 */
static const char *const steps[] = {
	"CREATE TABLE link (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT,"
	" interface TEXT, kind INTEGER, since INTEGER) STRICT;"
	"CREATE TABLE estimate (t INTEGER NOT NULL, link INTEGER NOT NULL,"
	" state INTEGER NOT NULL, quality INTEGER NOT NULL,"
	" down_kbps_p10 INTEGER, down_kbps_p50 INTEGER, down_kbps_p90 INTEGER,"
	" up_kbps_p50 INTEGER, rtt_us_min INTEGER, rtt_us_p50 INTEGER, rtt_us_p90 INTEGER,"
	" ttfb_us_p50 INTEGER, loss_ppm INTEGER, observations INTEGER, bytes_observed INTEGER,"
	" bytes_probed INTEGER, PRIMARY KEY (t, link)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE observation (t INTEGER NOT NULL, n INTEGER NOT NULL,"
	" link INTEGER NOT NULL, source INTEGER NOT NULL, direction INTEGER NOT NULL,"
	" bytes INTEGER, duration_us INTEGER, ttfb_us INTEGER, connect_us INTEGER,"
	" ok INTEGER NOT NULL, error INTEGER NOT NULL, app TEXT,"
	" PRIMARY KEY (t, n)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE event (t INTEGER NOT NULL, n INTEGER NOT NULL, link INTEGER,"
	" kind INTEGER NOT NULL, change INTEGER NOT NULL, from_kbps INTEGER, to_kbps INTEGER,"
	" duration_us INTEGER, detail TEXT, PRIMARY KEY (t, n)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE kept (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
	" STRICT, WITHOUT ROWID;",
	/*
	 * Version 2: minutes and hours. `stale` has those that are to be made (anew), `mark` the
	 * second from before which rows of seconds were dropped. Detail is apart, with a rowid
	 * (t << 16 | link), since a tree without one sends what is over 1 kB to a page of its own.
	 */
#define SUMS(table) \
	"CREATE TABLE " table " (t INTEGER NOT NULL, link INTEGER NOT NULL," \
	" state INTEGER NOT NULL, quality INTEGER NOT NULL," \
	" down_kbps_p10 INTEGER, down_kbps_p50 INTEGER, down_kbps_p90 INTEGER," \
	" up_kbps_p50 INTEGER, rtt_us_min INTEGER, rtt_us_p50 INTEGER, rtt_us_p90 INTEGER," \
	" ttfb_us_p50 INTEGER, loss_ppm INTEGER, observations INTEGER," \
	" bytes_observed INTEGER, bytes_probed INTEGER," \
	" down_kbps_least INTEGER, down_kbps_mean INTEGER, down_kbps_most INTEGER," \
	" up_kbps_least INTEGER, up_kbps_mean INTEGER, up_kbps_most INTEGER," \
	" rtt_us_least INTEGER, rtt_us_mean INTEGER, rtt_us_most INTEGER," \
	" ttfb_us_least INTEGER, ttfb_us_mean INTEGER, ttfb_us_most INTEGER," \
	" conditions BLOB NOT NULL, PRIMARY KEY (t, link)) STRICT, WITHOUT ROWID;" \
	"CREATE TABLE " table "_detail (k INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
	SUMS("minute") SUMS("hour")
	"CREATE TABLE stale (step INTEGER NOT NULL, t INTEGER NOT NULL, PRIMARY KEY (step, t))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE mark (name TEXT NOT NULL PRIMARY KEY, t INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"INSERT INTO stale SELECT DISTINCT 60, t - t % 60 FROM estimate WHERE t >= 0;"
	"INSERT INTO stale SELECT DISTINCT 60, t + 59 - (t + 59) % 60 FROM estimate WHERE t >= 0"
	" ON CONFLICT DO NOTHING;",
};

_Static_assert(sizeof steps / sizeof steps[0] == HISTORY_SCHEMA, "a step for each version");

#define BUSY_MS 5000

/* SQLite knows ENOSPC as a full disk; but a quota, and a limit on the size of files, are
 * that by other names, and come as errors of input and output. What the log's last error
 * was is not to be had from sqlite3_system_errno: undoing has come after it. */
static bool
is_no_space(struct sqlite3 *db)
{
	sqlite3_file *wal = NULL;
	int e = 0;

	if (db == NULL || sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal))
		return false;
	if (wal == NULL || wal->pMethods == NULL)
		return false;
	(void)wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &e);
	return e == ENOSPC || e == EDQUOT || e == EFBIG;
}

int
history_errno(struct sqlite3 *db, int rc)
{
	int system = db != NULL ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return system != 0 ? -system : -EACCES;
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return -ENOMEM;
		return is_no_space(db) ? -ENOSPC : -EIO;
	default:
		return -EIO;
	}
}

/* What it says when all is as expected (a recovered log) or is said by us anyway. */
static void
on_log(void *ctx, int code, const char *text)
{
	(void)ctx;
	log_debug("sqlite: %s (%d)", text, code);
}

static void
configure_once(void)
{
	/* Fails only where SQLite runs already: then it keeps its own ways. */
	(void)sqlite3_config(SQLITE_CONFIG_LOG, on_log, NULL);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int
history_file_lock(struct history_file *f, const char *path, char *why, size_t why_len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char lock[sizeof f->path + 8];
	int err;

	(void)pthread_once(&once, configure_once);
	f->lock_fd = -1;
	f->db = NULL;
	if (strlen(path) >= sizeof f->path) {
		(void)snprintf(why, why_len, "database: the path is too long");
		return -ENAMETOOLONG;
	}
	memcpy(f->path, path, strlen(path) + 1);
	/* Before the lock, whose file would be taken for a sign of ours the next time. */
	err = history_owner(path, &f->ours, why, why_len);
	if (err != 0)
		return err;
	/* Not on the database itself: closing any descriptor of that would drop the locks
	 * that SQLite holds on it. */
	(void)snprintf(lock, sizeof lock, "%s-lock", path);
	f->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->lock_fd == -1) {
		err = -errno;
		(void)snprintf(why, why_len, "database: cannot write %s: %s", lock,
		    strerror(errno));
		return err;
	}
	if (flock(f->lock_fd, LOCK_EX | LOCK_NB) == -1) {
		err = errno == EWOULDBLOCK ? -EEXIST : -errno;
		(void)snprintf(why, why_len, "database: %s: %s", path,
		    err == -EEXIST ? "another linkqd writes it" : strerror(errno));
		(void)close(f->lock_fd);
		f->lock_fd = -1;
		return err;
	}
	return 0;
}

void
history_file_unlock(struct history_file *f)
{
	char lock[sizeof f->path + 8];

	/* The file stays: see the lock of sockets.c. But not beside what is not ours, where it
	 * would be taken for a sign of us. */
	(void)snprintf(lock, sizeof lock, "%s-lock", f->path);
	if (f->lock_fd != -1 && !f->ours)
		(void)unlink(lock);
	if (f->lock_fd != -1)
		(void)close(f->lock_fd);
	f->lock_fd = -1;
}

/* The first column of the first row as a number. */
static int
query_int(sqlite3 *db, const char *text, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, text, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -EBADMSG : history_errno(db, rc);
}

static int
run(sqlite3 *db, const char *text)
{
	return history_errno(db, sqlite3_exec(db, text, NULL, NULL, NULL));
}

int
history_migrate(struct sqlite3 *db, const char *const *list, int list_len)
{
	int64_t version = 0;
	char text[64];
	int err = query_int(db, "PRAGMA user_version", &version);

	while (err == 0 && version < list_len) {
		err = run(db, "BEGIN EXCLUSIVE");
		if (err == 0)
			err = run(db, list[version]);
		(void)snprintf(text, sizeof text, "PRAGMA user_version = %d", (int)++version);
		if (err == 0)
			err = run(db, text);
		if (err == 0)
			err = run(db, "COMMIT");
		if (err != 0 && !sqlite3_get_autocommit(db))
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	return err;
}

/* Ours, and of a version that we know? A file without anything in it becomes ours. */
static int
check_owner(struct history_file *f, char *why, size_t why_len)
{
	int64_t application = 0, version = 0, objects = 0;
	char text[64];
	int err = query_int(f->db, "PRAGMA application_id", &application);

	if (err == 0)
		err = query_int(f->db, "PRAGMA user_version", &version);
	if (err == 0)
		err = query_int(f->db, "SELECT count(*) FROM sqlite_schema", &objects);
	if (err != 0)
		return err;
	if (application != HISTORY_APPLICATION_ID && (objects > 0 || application != 0)) {
		(void)snprintf(why, why_len, "database: %s belongs to another program; it was "
		    "left as it is", f->path);
		return -EPROTO;
	}
	if (version > HISTORY_SCHEMA) {
		(void)snprintf(why, why_len, "database: %s was written by a newer linkqd (schema "
		    "%lld, this one knows %d); it was left as it is", f->path,
		    (long long)version, HISTORY_SCHEMA);
		return -EPROTO;
	}
	f->ours = true;
	if (application == HISTORY_APPLICATION_ID)
		return 0;
	(void)snprintf(text, sizeof text, "PRAGMA application_id = %d", HISTORY_APPLICATION_ID);
	err = run(f->db, "PRAGMA auto_vacuum = INCREMENTAL"); /* before the first table */
	return err != 0 ? err : run(f->db, text);
}

static int
check_whole(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL), err = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		err = rc == SQLITE_DONE ? -EBADMSG : history_errno(db, rc);
	else if (strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
		err = -EBADMSG;
	(void)sqlite3_finalize(s);
	return err;
}

static int
set_up(struct history_file *f, bool unclean, char *why, size_t why_len)
{
	int err;

	(void)sqlite3_extended_result_codes(f->db, 1);
	(void)sqlite3_busy_timeout(f->db, BUSY_MS);
	(void)sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(f->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (sqlite3_db_readonly(f->db, "main") == 1) {
		(void)snprintf(why, why_len, "database: %s is not writable", f->path);
		return -EACCES;
	}
	err = check_owner(f, why, why_len);
	if (err == 0 && unclean)
		err = check_whole(f->db);
	/* NORMAL: a power cut may lose the last commits, never the file. Freed pages need
	 * no overwriting: this is no secret's file, and flash wears. */
	if (err == 0)
		err = run(f->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				 "PRAGMA journal_size_limit = 4194304; PRAGMA secure_delete = OFF;"
				 "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;"
				 "PRAGMA cell_size_check = ON");
	if (err == 0)
		err = history_migrate(f->db, steps, HISTORY_SCHEMA);
	return err;
}

static int
open_once(struct history_file *f, char *why, size_t why_len)
{
	char wal[sizeof f->path + 8];
	struct stat st;
	bool unclean;
	int fd, rc, err;

	if (stat(f->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		(void)snprintf(why, why_len, "database: %s is not a regular file", f->path);
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	/* The last to close a database removes its log: where there is one, nobody did. */
	(void)snprintf(wal, sizeof wal, "%s-wal", f->path);
	unclean = stat(wal, &st) == 0 && st.st_size > 0;
	why[0] = '\0';
	/* SQLite would let everybody read where somebody has been online. */
	fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (fd != -1)
		(void)close(fd);
	rc = sqlite3_open_v2(f->path, &f->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	err = history_errno(f->db, rc);
	if (err == 0)
		err = set_up(f, unclean, why, why_len);
	if (err == 0)
		return 0;
	if (why[0] == '\0')
		(void)snprintf(why, why_len, "database: %s: %s", f->path,
		    f->db == NULL ? "out of memory" :
		    err == -EBADMSG ? sqlite3_errmsg(f->db) : strerror(-err));
	history_file_close(f);
	return err;
}

int
history_file_open(struct history_file *f, char *why, size_t why_len)
{
	int err;

	assert(f->lock_fd != -1);
	assert(f->db == NULL);
	err = open_once(f, why, why_len);
	if (err != -EBADMSG)
		return err;
	if (!f->ours) {
		(void)snprintf(why, why_len, "database: %s is corrupt, and is not a history of "
		    "linkqd; it was left as it is", f->path);
		return -EPROTO;
	}
	err = history_file_move_aside(f, why, why_len);
	return err != 0 ? err : open_once(f, why, why_len);
}

void
history_file_close(struct history_file *f)
{
	int rc = sqlite3_close(f->db);

	assert(rc == SQLITE_OK); /* else a statement was left open: a bug */
	(void)rc;
	f->db = NULL;
}

int
history_file_move_aside(struct history_file *f, char *why, size_t why_len)
{
	static const char *const parts[] = { "-wal", "-shm", "" };
	char from[sizeof f->path + 8], base[sizeof f->path + 64], to[sizeof base + 8];
	char stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int n = 1, err;

	assert(f->db == NULL);
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
	do {
		if (n == 1)
			(void)snprintf(base, sizeof base, "%s.corrupt-%s", f->path, stamp);
		else
			(void)snprintf(base, sizeof base, "%s.corrupt-%s.%d", f->path, stamp, n);
	} while (access(base, F_OK) == 0 && ++n < 1000);
	/* The database last: as long as it has its name, a second start finds it again. */
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		(void)snprintf(from, sizeof from, "%s%s", f->path, parts[i]);
		(void)snprintf(to, sizeof to, "%s%s", base, parts[i]);
		if (rename(from, to) == -1 && errno != ENOENT) {
			err = -errno;
			(void)snprintf(why, why_len, "database: %s is corrupt and cannot be "
			    "moved aside: %s", f->path, strerror(errno));
			return err;
		}
	}
	log_error("history: %s is corrupt; it is kept as %s and a new one begun", f->path, base);
	return 0;
}
