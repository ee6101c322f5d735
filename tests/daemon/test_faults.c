/* SPDX-License-Identifier: ISC */
/* The history's file when the world misbehaves: corrupt, foreign, killed, taken. */
#include "history_help.h"
#include "sql_help.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "daemon/history.h"
#include "daemon/store_internal.h"

TestSuite(faults, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

/* What store_open says of it. */
static int
try_open(const char *path)
{
	struct store_options o = { .path = path, .wake_fd = -1 };
	struct store *st = NULL;
	int err;

	log_open(LOG_LEVEL_ERROR, true);
	err = store_open(&o, &st, why, sizeof why);
	if (err != 0)
		cr_assert(strlen(why) > 10 && strchr(why, '\n') == NULL, "one sentence");
	store_close(st);
	return err;
}

/* The one file beside the database that was moved aside; NULL where there is none. */
static const char *
moved_aside(void)
{
	static char found[256];
	DIR *dir = opendir(scratch);
	struct dirent *e;

	found[0] = '\0';
	while ((e = readdir(dir)) != NULL)
		if (strstr(e->d_name, ".corrupt-") != NULL && strstr(e->d_name, "-wal") == NULL &&
		    strstr(e->d_name, "-shm") == NULL)
			(void)snprintf(found, sizeof found, "%s/%.128s", scratch, e->d_name);
	(void)closedir(dir);
	return found[0] != '\0' ? found : NULL;
}

static void
assert_begun_anew(const char *path, const void *was, size_t was_len)
{
	static char kept[1 << 20];
	struct store *st = open_store(path);
	struct api_estimate_row e = estimate(0, 1);

	cr_assert_not_null(moved_aside(), "the file is kept");
	cr_assert_eq(scratch_read(moved_aside(), kept, sizeof kept), (ssize_t)was_len);
	cr_assert_eq(memcmp(kept, was, was_len), 0, "as it was");
	store_estimate(st, &e);
	cr_assert_eq(count_rows(st, API_ESTIMATES), 1);
	store_close(st);
}

Test(faults, begins_anew_beside_what_is_left_of_its_own_file)
{
	const char *path = scratch_path("h.db");
	char junk[8192];

	memset(junk, 'x', sizeof junk);
	scratch_write(path, junk, sizeof junk);
	scratch_write(scratch_path("h.db-lock"), "", 0); /* as each run leaves it */
	assert_begun_anew(path, junk, sizeof junk);
}

Test(faults, begins_anew_beside_a_broken_header)
{
	const char *path = scratch_path("h.db");
	static char bytes[1 << 20];
	ssize_t len;

	write_seconds(path, 2000);
	len = scratch_read(path, bytes, sizeof bytes);
	cr_assert_gt(len, 8192);
	memset(bytes + 16, 0xff, 64);
	scratch_write(path, bytes, (size_t)len);
	assert_begun_anew(path, bytes, (size_t)len);
}

Test(faults, begins_anew_beside_a_truncated_file)
{
	const char *path = scratch_path("h.db");
	static char bytes[1 << 20];
	ssize_t len;

	write_seconds(path, 2000);
	len = scratch_read(path, bytes, sizeof bytes);
	scratch_write(path, bytes, (size_t)len / 2);
	assert_begun_anew(path, bytes, (size_t)len / 2);
}

Test(faults, begins_anew_where_reading_the_links_finds_the_file_corrupt)
{
	const char *path = scratch_path("h.db");
	static char bytes[1 << 20];
	ssize_t len;

	write_seconds(path, 2000);
	len = scratch_read(path, bytes, sizeof bytes);
	memset(bytes + 4096, 0xa5, (size_t)len - 4096); /* the header and the schema are whole */
	scratch_write(path, bytes, (size_t)len);
	assert_begun_anew(path, bytes, (size_t)len);
}

Test(faults, checks_the_whole_file_after_an_unclean_stop)
{
	const char *path = scratch_path("h.db");
	static char bytes[1 << 20];
	ssize_t len;

	write_seconds(path, 2000);
	len = scratch_read(path, bytes, sizeof bytes);
	memset(bytes + len / 2, 0xa5, 4096); /* a page amidst: nobody reads it at the start */
	scratch_write(path, bytes, (size_t)len);
	cr_assert_eq(try_open(path), 0, "a clean stop is believed");
	cr_assert_null(moved_aside());
	(void)scratch_read(path, bytes, sizeof bytes); /* closing wrote into it */
	scratch_write(scratch_path("h.db-wal"), "left behind", 11);
	assert_begun_anew(path, bytes, (size_t)len);
}

Test(faults, moves_a_file_aside_that_turns_out_corrupt_while_it_runs)
{
	const char *path = scratch_path("h.db");
	struct history *h;
	struct api_estimate_row e = estimate(0, 1);
	char lock[8];

	log_open(LOG_LEVEL_ERROR, true);
	cr_assert_eq(history_open(path, &h, why, sizeof why), 0, "%s", why);
	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &e), 0);
	history_rollback(h);
	cr_assert_eq(history_restart(h, why, sizeof why), 0, "%s", why);
	cr_assert_not_null(moved_aside());
	cr_assert_eq(try_open(path), -EEXIST, "the lock is kept throughout");
	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &e), 0, "its link is there again");
	cr_assert_eq(history_commit(h), 0);
	history_close(h);
	cr_assert_eq(number(path, "SELECT count(*) FROM estimate"), 1);
	cr_assert_eq(scratch_read(scratch_path("h.db-lock"), lock, sizeof lock), 0);
}

Test(faults, forgets_the_number_of_a_link_that_was_undone)
{
	const char *path = scratch_path("h.db");
	struct api_estimate_row e = estimate(0, 1);
	struct history *h;

	cr_assert_eq(history_open(path, &h, why, sizeof why), 0, "%s", why);
	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &e), 0);
	history_rollback(h);
	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &e), 0);
	cr_assert_eq(history_commit(h), 0);
	history_close(h);
	cr_assert_eq(number(path, "SELECT count(*) FROM estimate JOIN link ON n = link"), 1);
}

/* The numbers that tell rows of one millisecond apart come round after 32,768 rows. */
Test(faults, finds_a_free_number_for_a_row_of_a_crowded_millisecond)
{
	const char *path = scratch_path("h.db");
	struct history *h;

	cr_assert_eq(history_open(path, &h, why, sizeof why), 0, "%s", why);
	cr_assert_eq(history_begin(h), 0);
	for (int i = 0; i < 60 + 32738 + 60; i++) {
		struct api_observation_row o = observation(i < 60 || i >= 60 + 32738 ? 0 : 1, i);

		cr_assert_eq(history_observation(h, &o), 0);
	}
	cr_assert_eq(history_commit(h), 0);
	history_close(h);
	cr_assert_eq(number(path, "SELECT count(*) FROM observation WHERE t % 2000 = 0"), 120);
}

Test(faults, goes_on_in_a_new_file_when_pages_turn_out_corrupt)
{
	const char *path = scratch_path("h.db");
	struct api_estimate_row e = estimate(9999, 7);
	struct store_report r;
	struct store *st;
	char junk[4096];
	int fd;

	write_seconds(path, 2000);
	st = open_store(path);
	memset(junk, 0xa5, sizeof junk);
	fd = open(path, O_WRONLY);
	for (off_t page = 1; page < 20; page++) /* all but the first, which it has read */
		cr_assert_eq(pwrite(fd, junk, sizeof junk, page * 4096), 4096);
	(void)close(fd);
	store_estimate(st, &e);
	cr_assert_eq(count_rows(st, API_ESTIMATES), 1, "the row is in the new file");
	store_report(st, &r);
	cr_assert(r.ok);
	cr_assert_eq(r.dropped, 0);
	cr_assert_not_null(moved_aside());
	store_close(st);
	cr_assert(is_whole(path));
}

static void
assert_untouched(const char *path)
{
	static char before[1 << 20], after[1 << 20];
	ssize_t len = scratch_read(path, before, sizeof before);

	cr_assert_eq(try_open(path), -EPROTO);
	cr_assert_eq(scratch_read(path, after, sizeof after), len);
	cr_assert_eq(memcmp(before, after, (size_t)len), 0);
	cr_assert_null(moved_aside());
}

Test(faults, leaves_a_newer_schema_as_it_is)
{
	const char *path = scratch_path("h.db");

	write_seconds(path, 10);
	sql(path, "PRAGMA user_version = 99");
	assert_untouched(path);
	cr_assert_not_null(strstr(why, "newer"));
}

Test(faults, leaves_the_database_of_another_program_as_it_is)
{
	const char *path = scratch_path("h.db");

	sql(path, "CREATE TABLE bookmarks (url TEXT)");
	assert_untouched(path);
	cr_assert_not_null(strstr(why, "another program"));
}

Test(faults, leaves_any_file_that_was_never_its_own_as_it_is)
{
	static const char *const texts[] = { "Dear diary, ..", "x", "SQLite format 3" };
	const char *path = scratch_path("thesis.odt");

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		scratch_write(path, texts[i], strlen(texts[i]));
		assert_untouched(path);
		assert_untouched(path); /* also the second time */
		cr_assert_not_null(strstr(why, "is not a history of linkqd"));
		cr_assert_eq(access(scratch_path("thesis.odt-lock"), F_OK), -1, "no trace");
	}
}

Test(faults, leaves_a_corrupt_database_of_another_program_as_it_is)
{
	const char *path = scratch_path("h.db");
	char bytes[8192];

	sql(path, "PRAGMA application_id = 7; CREATE TABLE precious (x)");
	cr_assert_eq(scratch_read(path, bytes, sizeof bytes), (ssize_t)sizeof bytes);
	memset(bytes + 100, 0xa5, sizeof bytes - 100);
	scratch_write(path, bytes, sizeof bytes);
	assert_untouched(path);
	assert_untouched(path); /* the first try has left no sign of ours */
	cr_assert_eq(access(scratch_path("h.db-lock"), F_OK), -1);
}

Test(faults, is_opened_by_one_at_a_time)
{
	const char *path = scratch_path("h.db");
	struct store *st = open_store(path);

	cr_assert_eq(try_open(path), -EEXIST);
	cr_assert_not_null(strstr(why, "another linkqd"));
	store_close(st);
	cr_assert_eq(try_open(path), 0);
}

Test(faults, says_in_a_sentence_where_it_cannot_write)
{
	const char *path = scratch_path("h.db");

	cr_assert_eq(try_open("/nonexistent/h.db"), -ENOENT);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(try_open(path), -EISDIR);
	cr_assert_eq(rmdir(path), 0);
	write_seconds(path, 1);
	(void)chmod(path, 0444);
	(void)chmod(scratch_path("h.db-lock"), 0666);
	(void)chmod(scratch, 0755);
	if (geteuid() == 0) /* modes do not bind root */
		cr_assert_eq(seteuid(65534), 0);
	cr_assert_eq(try_open(path), -EACCES);
	cr_assert_eq(try_open(scratch_path("new.db")), geteuid() == 65534 ? -EACCES : 0);
	if (geteuid() == 65534)
		cr_assert_eq(seteuid(0), 0);
}

/* Version by version, and nothing of a step that fails. */
Test(faults, migrates_step_by_step)
{
	static const char *const steps[] = {
		"CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)",
		"ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x * 2",
		"CREATE TABLE b (z INTEGER) STRICT; INSERT INTO nowhere VALUES (1)",
	};
	const char *path = scratch_path("old.db");
	sqlite3 *db = open_sql(path);

	cr_assert_eq(history_migrate(db, steps, 1), 0);
	cr_assert_eq(number(path, "PRAGMA user_version"), 1);
	cr_assert_eq(history_migrate(db, steps, 2), 0, "an older file is brought on");
	cr_assert_eq(number(path, "SELECT y FROM a"), 14);
	cr_assert_eq(history_migrate(db, steps, 2), 0, "once");
	cr_assert_neq(history_migrate(db, steps, 3), 0);
	cr_assert_eq(number(path, "PRAGMA user_version"), 2);
	cr_assert_eq(number(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

Test(faults, stamps_its_file)
{
	const char *path = scratch_path("h.db");
	struct stat st;

	write_seconds(path, 1);
	cr_assert_eq(number(path, "PRAGMA application_id"), HISTORY_APPLICATION_ID);
	cr_assert_eq(number(path, "PRAGMA user_version"), HISTORY_SCHEMA);
	cr_assert_eq(number(path, "PRAGMA auto_vacuum"), 2);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07, 0, "nobody else's business");
}

/* In a child: hand rows over until 600 are reported as written, then 5 more, and wait. */
static void
write_and_wait(const char *path, int pipe_fd)
{
	struct store *st = open_store(path);
	struct store_report r;

	for (int i = 0; i < 600; i++) {
		struct api_estimate_row e = estimate(i, 1000);

		store_estimate(st, &e);
	}
	cr_assert_eq(count_rows(st, API_ESTIMATES), 600);
	store_report(st, &r);
	for (int i = 600; i < 605; i++) {
		struct api_estimate_row e = estimate(i, 1000);

		store_estimate(st, &e);
	}
	(void)!write(pipe_fd, &r.rows, sizeof r.rows);
	for (;;)
		(void)pause();
}

Test(faults, survives_kill_with_all_that_was_committed)
{
	const char *path = scratch_path("h.db");
	int64_t rows = 0;
	int fds[2], status;
	pid_t pid;

	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	cr_assert(pid >= 0);
	if (pid == 0)
		write_and_wait(path, fds[1]);
	cr_assert_eq(read(fds[0], &rows, sizeof rows), (ssize_t)sizeof rows);
	cr_assert_eq(rows, 600);
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(try_open(path), 0, "neither lock nor log is in the way: %s", why);
	cr_assert_null(moved_aside());
	cr_assert(is_whole(path));
	rows = number(path, "SELECT count(*) FROM estimate");
	cr_assert(rows >= 600 && rows <= 605, "%jd", (intmax_t)rows);
}

/* Whatever a foreign hand wrote into it, an export is text and not a crash. */
Test(faults, exports_what_no_daemon_wrote)
{
	const char *path = scratch_path("h.db");
	struct store *st;

	write_seconds(path, 1);
	sql(path, "INSERT INTO estimate VALUES (1764000100, 77, 99, -3, -9223372036854775807,"
		  " 9223372036854775807, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)");
	sql(path, "INSERT INTO event VALUES (1764000100000, 1, -5, 99, 99, 1, 1, 1,"
		  " hex(randomblob(5000)))");
	sql(path, "INSERT INTO observation VALUES (1764000100000, 1, 1, 9, 9, 1, 1, 1, 1, 1, 9,"
		  " '\"' || char(10) || hex(randomblob(100)))");
	st = open_store(path);
	cr_assert_eq(count_rows(st, API_ESTIMATES), 2);
	cr_assert_eq(count_rows(st, API_EVENTS), 1);
	cr_assert_geq(count_rows(st, API_OBSERVATIONS), 1);
	store_close(st);
}
