/* SPDX-License-Identifier: ISC */
/* The real daemon as a child of the demo. */
#include "config.h"

#include "daemon/cli/demo_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 32
#define STOP_STEPS 100
#define STOP_STEP_NS 100000000L

int
demo_daemon_find(char *out, size_t len)
{
	const char *env = getenv("LINKQD");
	char self[DEMO_PATH_MAX];
	ssize_t n;
	char *slash;

	if (env != NULL && *env != '\0') {
		snprintf(out, len, "%s", env);
		return access(out, X_OK) == 0 ? 0 : -ENOENT;
	}
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		*(slash != NULL ? slash : self) = '\0';
		snprintf(out, len, "%s/linkqd", self);
		if (access(out, X_OK) == 0)
			return 0;
	}
	snprintf(out, len, "%s/linkqd", LINKQ_SBINDIR);
	return access(out, X_OK) == 0 ? 0 : -ENOENT;
}

int
demo_daemon_prepare(struct demo_daemon *d)
{
	const char *tmp = getenv("TMPDIR");

	memset(d, 0, sizeof *d);
	snprintf(d->folder, sizeof d->folder, "%s/linkq-demo-XXXXXX",
	    tmp != NULL && *tmp == '/' ? tmp : "/tmp");
	if (strlen(d->folder) + sizeof "/linkqd.sock" > sizeof((struct sockaddr_un *)0)->sun_path)
		snprintf(d->folder, sizeof d->folder, "/tmp/linkq-demo-XXXXXX");
	if (mkdtemp(d->folder) == NULL)
		return -errno;
	snprintf(d->socket, sizeof d->socket, "%s/linkqd.sock", d->folder);
	return 0;
}

struct arguments {
	char text[ARGS_MAX][DEMO_PATH_MAX + 64];
	char *argv[ARGS_MAX + 1];
	int n;
};

__attribute__((format(printf, 2, 3))) static void
add(struct arguments *a, const char *format, ...)
{
	va_list ap;

	if (a->n == ARGS_MAX)
		abort(); /* the list is fixed: a bug of this file */
	va_start(ap, format);
	vsnprintf(a->text[a->n], sizeof a->text[0], format, ap);
	va_end(ap);
	a->argv[a->n] = a->text[a->n];
	a->n++;
}

static void
arguments(struct arguments *a, const struct demo_daemon *d, const char *linkqd,
    const struct lab *lab)
{
	add(a, "%s", linkqd);
	add(a, "--foreground");
	add(a, "--config");
	add(a, "/dev/null"); /* not this user's own settings */
	add(a, "--socket");
	add(a, "%s", d->socket);
	add(a, "--database");
	add(a, "%s/history.db", d->folder);
	for (int i = 0; i < LAB_URLS && lab->url[i][0] != '\0'; i++) {
		add(a, "--probe");
		add(a, "%s/generate_204", lab->url[i]);
	}
	add(a, "--probe");
	add(a, "download=%s/bytes/{bytes}", lab->url[0]);
	add(a, "--probe");
	add(a, "upload=%s/upload", lab->url[0]);
	if (lab->mode == LAB_LOOPBACK) {
		add(a, "--set");
		add(a, "interface=lo");
	}
}

static void
become(const struct demo_daemon *d, struct arguments *a)
{
	char log[DEMO_PATH_MAX + 16];
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(log, sizeof log, "%s/linkqd.log", d->folder);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
	}
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)dup2(fd, STDIN_FILENO);
	setenv("HOME", d->folder, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_STATE_HOME");
	unsetenv("NOTIFY_SOCKET");
	execv(a->argv[0], a->argv);
	fprintf(stderr, "%s: %s\n", a->argv[0], strerror(errno));
	_exit(127);
}

int
demo_daemon_start(struct demo_daemon *d, const char *linkqd, const struct lab *lab)
{
	static struct arguments a;

	a = (struct arguments){ 0 };
	arguments(&a, d, linkqd, lab);
	d->pid = fork();
	if (d->pid < 0)
		return -errno;
	if (d->pid == 0)
		become(d, &a);
	return 0;
}

int
demo_daemon_alive(struct demo_daemon *d)
{
	if (d->pid > 0 && waitpid(d->pid, NULL, WNOHANG) == d->pid)
		d->pid = 0;
	return d->pid > 0;
}

void
demo_daemon_stop(struct demo_daemon *d)
{
	const struct timespec step = { 0, STOP_STEP_NS };

	if (!demo_daemon_alive(d))
		return;
	(void)kill(d->pid, SIGTERM);
	for (int i = 0; i < STOP_STEPS && demo_daemon_alive(d); i++)
		nanosleep(&step, NULL);
	if (!demo_daemon_alive(d))
		return;
	(void)kill(d->pid, SIGKILL);
	(void)waitpid(d->pid, NULL, 0);
	d->pid = 0;
}

void
demo_daemon_last_words(const struct demo_daemon *d, char *out, size_t len)
{
	char path[DEMO_PATH_MAX + 16], line[512];
	FILE *f;

	snprintf(out, len, "it said nothing");
	snprintf(path, sizeof path, "%s/linkqd.log", d->folder);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (*line != '\0')
			snprintf(out, len, "%s", line);
	}
	fclose(f);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void
demo_daemon_remove(const struct demo_daemon *d)
{
	/* our own folder, made by mkdtemp: nothing of anybody else's is below it */
	(void)nftw(d->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
