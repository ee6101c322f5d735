/* SPDX-License-Identifier: ISC */
/* Namespaces and TUN devices without any program's help. */
#include "config.h"

#include "daemon/lab/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Without root: a user namespace in which we are who we were, with all rights in it. */
static int
own_user_namespace(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int err;

	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	err = write_file("/proc/self/setgroups", "deny");
	if (err != 0)
		return err;
	snprintf(map, sizeof map, "%u %u 1", uid, uid);
	err = write_file("/proc/self/uid_map", map);
	if (err != 0)
		return err;
	snprintf(map, sizeof map, "%u %u 1", gid, gid);
	return write_file("/proc/self/gid_map", map);
}

static int
leave(char *why, size_t why_len)
{
	const int flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS;
	int err;

	/* Root in a container may lack the right and still may have a user namespace. */
	if (geteuid() == 0 && unshare(flags) == 0)
		return 0;
	err = own_user_namespace();
	if (err != 0) {
		snprintf(why, why_len, "no user namespaces for this user (%s)", strerror(-err));
		return err;
	}
	if (unshare(flags) < 0) {
		err = -errno;
		snprintf(why, why_len, "no network namespaces (%s)", strerror(-err));
		return err;
	}
	return 0;
}

/* Why the way in failed, from the process that tried. */
struct report {
	int err;
	char why[128];
};

static void
prepare(struct report *r)
{
	int fd;

	r->err = leave(r->why, sizeof r->why);
	if (r->err != 0)
		return;
	fd = netns_tun("try0", "192.0.2.2");
	if (fd >= 0) {
		close(fd);
		return;
	}
	r->err = fd;
	snprintf(r->why, sizeof r->why, "no TUN device (/dev/net/tun: %s)", strerror(-fd));
}

/* In the new pid namespace: end with the one who waits, also where it is dead already. */
static void
tie_to_waiter(const int alive[2])
{
	struct pollfd p = { .fd = alive[0], .events = POLLIN };

	close(alive[1]);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&p, 1, 0) != 0)
		_exit(1);
	close(alive[0]);
	/* Pids in /proc are to be those of this namespace. Where a container forbids it,
	 * only its own /proc/self is right, and that is enough for most. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		(void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void
handled(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

/*
 * A process of its own goes into the namespaces, forks their first process and waits for it:
 * so the caller stays where it was. Returns in that first process alone.
 */
static void
go_in(pid_t caller, int report_fd)
{
	struct report r = { 0 };
	int alive[2];
	pid_t pid = -1;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller || pipe2(alive, O_CLOEXEC) < 0)
		_exit(1);
	prepare(&r);
	/* New credentials take the wish back; after this it stays. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller)
		_exit(1);
	if (r.err == 0 && (pid = fork()) < 0)
		r.err = -errno;
	if (pid == 0) {
		close(report_fd);
		tie_to_waiter(alive);
		return;
	}
	if (write(report_fd, &r, sizeof r) < 0 || r.err != 0)
		_exit(1);
	close(report_fd);
	_exit(netns_wait(pid));
}

pid_t
netns_enter(char *why, size_t why_len)
{
	struct report r = { .err = -EIO, .why = "" };
	sigset_t block, before;
	pid_t caller = getpid(), pid;
	int fds[2];

	snprintf(why, why_len, "no process for it");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	/* Those who wait take these from a queue, so none is lost before they do. */
	handled(&block);
	sigprocmask(SIG_BLOCK, &block, &before);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		go_in(caller, fds[1]);
		sigprocmask(SIG_SETMASK, &before, NULL);
		return 0;
	}
	close(fds[1]);
	if (pid > 0 && read(fds[0], &r, sizeof r) == (ssize_t)sizeof r && r.err == 0) {
		close(fds[0]);
		return pid;
	}
	close(fds[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r.why[0] != '\0')
		snprintf(why, why_len, "%s", r.why);
	return r.err;
}

int
netns_wait(pid_t pid)
{
	sigset_t set;
	int status, sig;

	handled(&set);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		sig = sigwaitinfo(&set, NULL);
		if (sig > 0 && sig != SIGCHLD)
			(void)kill(pid, sig);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
netns_fresh(void)
{
	return unshare(CLONE_NEWNET) < 0 ? -errno : 0;
}

/* The old socket calls say all that is needed, and need no library. */
static int
ask(unsigned long request, void *arg)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, request, arg) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void
set_addr(struct sockaddr *to, const char *addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	(void)inet_pton(AF_INET, addr, &sin.sin_addr);
	memcpy(to, &sin, sizeof sin);
}

static int
address(const char *name, const char *addr, const char *mask)
{
	struct ifreq ifr = { 0 };
	int err;

	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
	set_addr(&ifr.ifr_addr, addr);
	err = ask(SIOCSIFADDR, &ifr);
	if (err != 0)
		return err;
	set_addr(&ifr.ifr_netmask, mask);
	return ask(SIOCSIFNETMASK, &ifr);
}

static int
up(const char *name)
{
	struct ifreq ifr = { 0 };
	int err;

	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
	err = ask(SIOCGIFFLAGS, &ifr);
	if (err != 0)
		return err;
	ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP | IFF_RUNNING);
	return ask(SIOCSIFFLAGS, &ifr);
}

int
netns_loopback_up(void)
{
	return up("lo");
}

int
netns_loopback_add(unsigned n, const char *addr)
{
	char alias[IFNAMSIZ];

	snprintf(alias, sizeof alias, "lo:%u", n);
	return address(alias, addr, "255.255.255.255");
}

int
netns_tun(const char *name, const char *addr)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		err = -errno;
	if (err == 0)
		err = address(name, addr, "255.255.255.252");
	if (err == 0)
		err = up(name);
	if (err != 0) {
		close(fd);
		return err;
	}
	return fd;
}

int
netns_default_route(const char *gateway)
{
	struct rtentry rt = { .rt_flags = RTF_UP | RTF_GATEWAY };

	set_addr(&rt.rt_dst, "0.0.0.0");
	set_addr(&rt.rt_genmask, "0.0.0.0");
	set_addr(&rt.rt_gateway, gateway);
	return ask(SIOCADDRT, &rt);
}
