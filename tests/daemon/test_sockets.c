/* SPDX-License-Identifier: ISC */
/* Listening sockets, directories, and what systemd passes and is told. */
#include "scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/paths.h"
#include "daemon/sockets.h"

static struct conf conf;
static struct sockets sockets;
static char why[CONF_WHY_MAX];

static void
begin(void)
{
	scratch_begin();
	conf_init(&conf);
	log_open(LOG_LEVEL_ERROR, true);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
}

static void
end(void)
{
	conf_finish(&conf);
	scratch_end();
}

TestSuite(sockets, .init = begin, .fini = end, .timeout = 20);

static void
set(const char *key, const char *value)
{
	char text[256];

	(void)snprintf(text, sizeof text, "%s=%s", key, value);
	cr_assert_eq(conf_set(&conf, text, why, sizeof why), 0, "%s", why);
}

static int
try_open(struct sockets *s)
{
	cr_assert_eq(conf_check(&conf, why, sizeof why), 0, "%s", why);
	return sockets_open(&conf, s, why, sizeof why);
}

static int
connect_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), err;

	memcpy(a.sun_path, path, strlen(path) + 1);
	err = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : -errno;
	(void)close(fd);
	return err;
}

Test(sockets, tell_the_port_that_was_free)
{
	int port = 0, flags;

	set("listen", "127.0.0.1:0");
	cr_assert_eq(try_open(&sockets), 0, "%s", why);
	cr_assert_eq(sockets.len, 1);
	cr_assert_eq(sscanf(sockets.at[0].text, "http://127.0.0.1:%d", &port), 1);
	cr_assert_gt(port, 0);
	cr_assert_eq(sockets.at[0].kind, API_LISTEN_LOOPBACK);
	flags = fcntl(sockets.at[0].fd, F_GETFL);
	cr_assert(flags & O_NONBLOCK);
	cr_assert(fcntl(sockets.at[0].fd, F_GETFD) & FD_CLOEXEC);
	sockets_close(&sockets);
}

Test(sockets, name_the_address_that_another_program_has)
{
	static struct sockets second;
	char address[64];

	set("listen", "127.0.0.1:0");
	cr_assert_eq(try_open(&sockets), 0, "%s", why);
	(void)snprintf(address, sizeof address, "%.60s", sockets.at[0].text + 7); /* http:// */
	set("listen", "none");
	set("listen", address);
	cr_assert_eq(try_open(&second), -EADDRINUSE);
	cr_assert_not_null(strstr(why, address), "%s", why);
	cr_assert_eq(second.len, 0);
	sockets_close(&sockets);
	cr_assert_eq(try_open(&second), 0, "free again at once: %s", why);
	sockets_close(&second);
}

Test(sockets, fail_where_an_address_that_was_asked_for_is_missing)
{
	set("listen", "192.0.2.1:0"); /* RFC 5737: nobody's */
	set("token-file", "/dev/null");
	cr_assert_eq(try_open(&sockets), -EADDRNOTAVAIL);
	cr_assert_not_null(strstr(why, "192.0.2.1:0"));
}

Test(sockets, do_without_a_preset_address_that_is_missing)
{
	struct sockaddr_in *a = (struct sockaddr_in *)&conf.listen.at[0].addr;

	/* As on a host without ::1: here 192.0.2.1 stands for it. */
	a->sin_port = 0;
	((struct sockaddr_in6 *)&conf.listen.at[1].addr)->sin6_port = 0;
	set("socket", scratch_path("s"));
	cr_assert_eq(conf_check(&conf, why, sizeof why), 0);
	conf.listen.len = 2;
	cr_assert_eq(inet_pton(AF_INET, "192.0.2.1", &a->sin_addr), 1);
	cr_assert_eq(sockets_open(&conf, &sockets, why, sizeof why), 0, "%s", why);
	cr_assert_geq(sockets.len, 1);
	sockets_close(&sockets);
}

Test(sockets, serve_a_unix_socket_that_the_group_may_use)
{
	const char *path = scratch_path("s");
	struct stat st;
	mode_t old = umask(0);

	set("socket", path);
	cr_assert_eq(try_open(&sockets), 0, "%s", why);
	(void)umask(old);
	cr_assert_eq(sockets.at[0].kind, API_LISTEN_UNIX);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0660);
	cr_assert_eq(connect_unix(path), 0);
	sockets_close(&sockets);
	cr_assert_eq(stat(path, &st), -1, "gone at the end");
}

Test(sockets, let_one_daemon_serve_a_unix_socket)
{
	static struct sockets second;

	set("socket", scratch_path("s"));
	cr_assert_eq(try_open(&sockets), 0, "%s", why);
	cr_assert_eq(try_open(&second), -EADDRINUSE);
	cr_assert_not_null(strstr(why, "another linkqd"), "%s", why);
	cr_assert_eq(connect_unix(scratch_path("s")), 0, "the first is not disturbed");
	sockets_close(&sockets);
}

Test(sockets, remove_a_stale_unix_socket)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, scratch_path("s"), strlen(scratch_path("s")) + 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	(void)close(fd); /* as after kill -9: the name stays */
	set("socket", scratch_path("s"));
	cr_assert_eq(try_open(&sockets), 0, "%s", why);
	cr_assert_eq(connect_unix(scratch_path("s")), 0);
	sockets_close(&sockets);
}

Test(sockets, do_not_take_what_another_program_serves_or_keeps_there)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char bytes[8];

	memcpy(a.sun_path, scratch_path("s"), strlen(scratch_path("s")) + 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	cr_assert_eq(listen(fd, 1), 0);
	set("socket", scratch_path("s"));
	cr_assert_eq(try_open(&sockets), -EADDRINUSE);
	cr_assert_not_null(strstr(why, "another program"), "%s", why);
	(void)close(fd);
	scratch_write(scratch_path("file"), "dear", 4);
	set("socket", scratch_path("file"));
	cr_assert_eq(try_open(&sockets), -EEXIST);
	cr_assert_eq(scratch_read(scratch_path("file"), bytes, sizeof bytes), 4, "still there");
}

static int
bound(const char *address, bool listening)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(inet_pton(AF_INET, address, &a.sin_addr), 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	if (listening)
		cr_assert_eq(listen(fd, 1), 0);
	return fd;
}

/* In a child that has `fd` as systemd passes it, number 3, which is the test runner's own:
 * 0 where sockets_open gives `wanted` and, on success, all is as it should be. */
static int
open_passed(int fd, int wanted, const char *said)
{
	char text[32];
	pid_t pid = fork();
	int status = -1;

	if (pid != 0) {
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		return status;
	}
	if (dup2(fd, 3) != 3)
		_exit(1);
	(void)snprintf(text, sizeof text, "%d", (int)getpid());
	(void)setenv("LISTEN_PID", text, 1);
	(void)setenv("LISTEN_FDS", "1", 1);
	if (conf_check(&conf, why, sizeof why) != 0)
		_exit(2);
	if (sockets_open(&conf, &sockets, why, sizeof why) != wanted)
		_exit(3);
	if (getenv("LISTEN_FDS") != NULL) /* or a child takes them for its own */
		_exit(4);
	if (wanted != 0)
		_exit(strstr(why, said) != NULL ? 0 : 5);
	if (sockets.len != 1 || sockets.at[0].fd != 3)
		_exit(6);
	if ((fcntl(3, F_GETFL) & O_NONBLOCK) == 0 || (fcntl(3, F_GETFD) & FD_CLOEXEC) == 0)
		_exit(7);
	_exit(0);
}

Test(sockets, come_from_systemd_in_place_of_the_configured_ones)
{
	cr_assert_eq(open_passed(bound("127.0.0.1", true), 0, NULL), 0);
}

Test(sockets, are_refused_from_systemd_where_they_do_not_listen)
{
	cr_assert_eq(open_passed(bound("127.0.0.1", false), -EINVAL, "descriptor 3"), 0);
}

Test(sockets, need_a_token_from_systemd_too)
{
	cr_assert_eq(open_passed(bound("0.0.0.0", true), -EPERM, "token-file"), 0);
}

Test(sockets, are_not_taken_from_a_parent_that_was_passed_them)
{
	set("listen", "127.0.0.1:0");
	(void)setenv("LISTEN_PID", "1", 1);
	(void)setenv("LISTEN_FDS", "1", 1);
	cr_assert_eq(try_open(&sockets), 0, "%s", why);
	cr_assert_eq(strncmp(sockets.at[0].text, "http://127.0.0.1:", 17), 0);
	sockets_close(&sockets);
}

static void
paths_end(void)
{
	if (getuid() == 0)
		(void)!seteuid(0); /* see become_nobody */
	(void)prctl(PR_SET_DUMPABLE, 1); /* or the leak check cannot look */
	scratch_end();
}

TestSuite(paths, .init = scratch_begin, .fini = paths_end, .timeout = 20);

Test(paths, follow_the_environment)
{
	char path[PATHS_MAX], wanted[PATHS_MAX];

	(void)setenv("RUNTIME_DIRECTORY", scratch_path("run"), 1);
	(void)setenv("STATE_DIRECTORY", scratch_path("state"), 1);
	cr_assert_eq(paths_socket(path, true, why, sizeof why), 0, "%s", why);
	(void)snprintf(wanted, sizeof wanted, "%s", scratch_path("run/linkqd.sock"));
	cr_assert_str_eq(path, wanted);
	cr_assert_eq(paths_database(path, why, sizeof why), 0, "%s", why);
	(void)snprintf(wanted, sizeof wanted, "%s", scratch_path("state/linkqd.db"));
	cr_assert_str_eq(path, wanted);
	cr_assert_eq(access(scratch_path("state"), W_OK), 0, "made");
}

#define NOBODY 65534u

static void
become_nobody(void)
{
	if (geteuid() == 0 && seteuid(NOBODY) == -1)
		cr_skip_test("cannot leave root");
	(void)unsetenv("RUNTIME_DIRECTORY");
	(void)unsetenv("XDG_RUNTIME_DIR");
}

Test(paths, use_the_xdg_directories_for_a_user)
{
	char path[PATHS_MAX], wanted[PATHS_MAX];

	(void)chmod(scratch, 0777);
	become_nobody();
	(void)unsetenv("STATE_DIRECTORY");
	(void)unsetenv("XDG_STATE_HOME");
	(void)setenv("XDG_RUNTIME_DIR", scratch, 1);
	(void)setenv("HOME", scratch_path("home"), 1);
	cr_assert_eq(paths_socket(path, true, why, sizeof why), 0, "%s", why);
	(void)snprintf(wanted, sizeof wanted, "%s", scratch_path("linkqd/linkqd.sock"));
	cr_assert_str_eq(path, wanted);
	cr_assert_eq(paths_database(path, why, sizeof why), 0, "%s", why);
	(void)snprintf(wanted, sizeof wanted, "%s",
	    scratch_path("home/.local/state/linkqd/linkqd.db"));
	cr_assert_str_eq(path, wanted);
}

Test(paths, trust_a_directory_in_tmp_only_where_it_is_ours_alone)
{
	char path[PATHS_MAX], dir[PATHS_MAX];
	struct stat st;

	(void)snprintf(dir, sizeof dir, "/tmp/linkqd-%u",
	    geteuid() == 0 ? NOBODY : (unsigned)geteuid());
	if (lstat(dir, &st) == 0)
		cr_skip_test("%s is in use", dir);
	become_nobody();
	cr_assert_eq(paths_socket(path, false, why, sizeof why), 0, "looking makes nothing");
	cr_assert_eq(lstat(dir, &st), -1);
	cr_assert_eq(paths_socket(path, true, why, sizeof why), 0, "%s", why);
	cr_assert_eq(lstat(dir, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	cr_assert_eq(chmod(dir, 0777), 0);
	cr_assert_eq(paths_socket(path, true, why, sizeof why), -EPERM);
	cr_assert_eq(paths_socket(path, false, why, sizeof why), -EPERM, "nor to look for it");
	cr_assert_eq(rmdir(dir), 0);
	cr_assert_eq(symlink("/tmp", dir), 0);
	cr_assert_eq(paths_socket(path, true, why, sizeof why), -EPERM);
	cr_assert_eq(unlink(dir), 0);
}

Test(notify, tells_systemd_by_one_datagram, .init = scratch_begin, .fini = scratch_end, .timeout = 20)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[64] = "";

	(void)unsetenv("NOTIFY_SOCKET");
	cr_assert_eq(notify_send("READY=1"), 0, "nobody wants to know");
	memcpy(a.sun_path, scratch_path("n"), strlen(scratch_path("n")) + 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	(void)setenv("NOTIFY_SOCKET", scratch_path("n"), 1);
	cr_assert_eq(notify_send("READY=1\nSTATUS=here"), 0);
	cr_assert_eq(recv(fd, text, sizeof text - 1, 0), 19);
	cr_assert_str_eq(text, "READY=1\nSTATUS=here");
	(void)close(fd);
	cr_assert_eq(notify_send("READY=1"), -ECONNREFUSED);
	(void)setenv("NOTIFY_SOCKET", "relative", 1);
	cr_assert_eq(notify_send("READY=1"), -EINVAL);
}

Test(notify, knows_the_watchdog_only_where_it_is_meant, .timeout = 20)
{
	char pid[32];

	(void)unsetenv("WATCHDOG_USEC");
	cr_assert_eq(notify_watchdog_us(), 0);
	(void)setenv("WATCHDOG_USEC", "30000000", 1);
	(void)unsetenv("WATCHDOG_PID");
	cr_assert_eq(notify_watchdog_us(), 30000000);
	(void)setenv("WATCHDOG_PID", "1", 1);
	cr_assert_eq(notify_watchdog_us(), 0);
	(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
	(void)setenv("WATCHDOG_PID", pid, 1);
	cr_assert_eq(notify_watchdog_us(), 30000000);
	(void)setenv("WATCHDOG_USEC", "soon", 1);
	cr_assert_eq(notify_watchdog_us(), 0);
}
