/* SPDX-License-Identifier: ISC */
/* The link lab: its processes and what they share. */
#include "config.h"

#include "daemon/lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/lab/netns.h"
#include "daemon/lab/origin.h"
#include "daemon/lab/pump.h"

#define CLIENT_ADDR "192.0.2.2"
#define ORIGIN_ADDR "192.0.2.1"

static const char *const beyond[] = { "198.51.100.1", "203.0.113.1" };

/* What the emulator or the relay needs. */
struct job {
	struct wire wire;
	struct truth *truth;
	int client_fd, server_fd;   /* LAB_KERNEL */
	int listen_fd[LAB_URLS];    /* LAB_LOOPBACK */
	size_t listen_len;
	uint16_t origin_port;
	int control[2]; /* our own end, and the socket with a name or -1 */
};

/* A child that dies with us, and only so: Ctrl-C goes to the whole process group. */
static pid_t
child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int
start_origin(const char *addr, uint16_t *port, const char *files, int *pid)
{
	int fd = origin_listen(addr, port);

	if (fd < 0)
		return fd;
	*pid = child();
	if (*pid == 0)
		_exit(-origin_serve(fd, files));
	close(fd);
	return *pid < 0 ? -errno : 0;
}

/* Packets leave on time where the scheduler lets them: ask for it, and live without. */
static void
be_punctual(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	(void)prctl(PR_SET_TIMERSLACK, 1UL);
	(void)sched_setscheduler(0, SCHED_FIFO, &first);
}

static int
start_pump(const struct lab_options *o, struct job *j, int *pid)
{
	FILE *log = NULL;
	int err;

	if (o->log != NULL && (log = fopen(o->log, "we")) == NULL)
		return -errno;
	*pid = child();
	err = *pid < 0 ? -errno : 0;
	if (*pid == 0) {
		be_punctual();
		err = wire_init(&j->wire, o->script, o->seed, j->truth, log, pump_clock_ns());
		if (err == 0 && o->mode == LAB_KERNEL)
			err = pump_packets(&j->wire, j->client_fd, j->server_fd, j->control);
		else if (err == 0)
			err = pump_streams(&j->wire, j->listen_fd, j->listen_len,
			    j->origin_port, j->control);
		_exit(-err);
	}
	if (log != NULL)
		fclose(log);
	return err;
}

/* The far network with its origin, then the near one, in which the caller stays. */
static int
build_kernel(struct job *j, const char *files, struct lab *lab)
{
	uint16_t port = 80;
	int err = netns_loopback_up();

	for (unsigned i = 0; err == 0 && i < 2; i++)
		err = netns_loopback_add(i + 1, beyond[i]);
	if (err == 0)
		err = j->server_fd = netns_tun("origin0", ORIGIN_ADDR);
	if (err >= 0)
		err = start_origin("0.0.0.0", &port, files, &lab->origin_pid);
	if (err == 0)
		err = netns_fresh();
	if (err == 0)
		err = netns_loopback_up();
	if (err == 0)
		err = j->client_fd = netns_tun(LAB_TUN, CLIENT_ADDR);
	if (err >= 0)
		err = netns_default_route(ORIGIN_ADDR);
	lab->interface = LAB_TUN;
	/* Those beyond the default route first: they are what an Internet is. */
	snprintf(lab->url[0], sizeof lab->url[0], "http://%s", beyond[0]);
	snprintf(lab->url[1], sizeof lab->url[1], "http://%s", beyond[1]);
	snprintf(lab->url[2], sizeof lab->url[2], "http://%s", ORIGIN_ADDR);
	return err;
}

static int
build_loopback(struct job *j, const char *files, struct lab *lab)
{
	uint16_t port = 0;
	int err = start_origin("127.0.0.1", &j->origin_port, files, &lab->origin_pid);

	/* Three names of one relay, so that a client sees several hosts; one will do. */
	for (unsigned i = 0; err == 0 && i < LAB_URLS; i++) {
		char addr[16];
		int fd;

		snprintf(addr, sizeof addr, "127.0.0.%u", i + 1);
		fd = origin_listen(addr, &port);
		if (fd < 0 && i == 0)
			err = fd;
		if (fd < 0)
			continue;
		snprintf(lab->url[j->listen_len], sizeof lab->url[0], "http://%s:%u", addr, port);
		j->listen_fd[j->listen_len++] = fd;
	}
	lab->interface = "lo";
	return err;
}

static int
open_control(const char *path, int *fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (path == NULL)
		return 0;
	if (strlen(path) >= sizeof sun.sun_path)
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	*fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || bind(*fd, (struct sockaddr *)&sun, sizeof sun) < 0)
		return -errno;
	return 0;
}

/* The parent's copies: the children have their own. */
static void
close_job(struct job *j)
{
	int fds[] = { j->client_fd, j->server_fd, j->control[0], j->control[1] };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (size_t i = 0; i < j->listen_len; i++)
		close(j->listen_fd[i]);
}

int
lab_start(const struct lab_options *o, struct lab *out, char *why, size_t why_len)
{
	static struct job j;
	struct lab lab = { .mode = o->mode, .tell_fd = -1 };
	int pair[2] = { -1, -1 }, err = 0;

	j = (struct job){ .client_fd = -1, .server_fd = -1, .control = { -1, -1 } };
	j.truth = mmap(NULL, sizeof *j.truth, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	if (j.truth == MAP_FAILED)
		return -errno;
	lab.truth = j.truth;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		err = -errno;
	lab.tell_fd = pair[0];
	j.control[0] = pair[1];
	if (err == 0)
		err = o->mode == LAB_KERNEL ? build_kernel(&j, o->files, &lab)
					    : build_loopback(&j, o->files, &lab);
	/* In the client's network by now: names that the kernel picks are found in there. */
	if (err == 0)
		err = open_control(o->control, &j.control[1]);
	if (err == 0)
		err = start_pump(o, &j, &lab.pump_pid);
	close_job(&j);
	if (err != 0) {
		snprintf(why, why_len, "link lab: %s", strerror(-err));
		lab_stop(&lab);
		return err;
	}
	*out = lab;
	return 0;
}

static void
end_child(int pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void
lab_stop(struct lab *lab)
{
	end_child(lab->origin_pid);
	end_child(lab->pump_pid);
	lab->origin_pid = lab->pump_pid = 0;
	if (lab->tell_fd >= 0)
		close(lab->tell_fd);
	lab->tell_fd = -1;
}

int
lab_tell(struct lab *lab, const char *script)
{
	struct script checked;
	char why[160];

	if (script_parse(script, &checked, why, sizeof why) != 0)
		return -EINVAL;
	return send(lab->tell_fd, script, strlen(script), MSG_NOSIGNAL) < 0 ? -errno : 0;
}
