/* SPDX-License-Identifier: ISC */
/* The sockets that the daemon listens on. */
#include "daemon/sockets.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/paths.h"

#define FIRST_FROM_SYSTEMD 3 /* sd_listen_fds(3): SD_LISTEN_FDS_START */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
	struct sockaddr_storage room;
};

static bool
is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr) && a->v6.sin6_addr.s6_addr[12] == 127);
}

/* What a person types to get there. 0 or -EAFNOSUPPORT, or a failed getsockname. */
static int
describe(int fd, struct listening *out)
{
	union address a;
	socklen_t len = sizeof a;
	char host[INET6_ADDRSTRLEN];

	memset(&a, 0, sizeof a);
	if (getsockname(fd, &a.any, &len) == -1)
		return -errno;
	switch (a.any.sa_family) {
	case AF_UNIX:
		out->kind = API_LISTEN_UNIX;
		(void)snprintf(out->text, sizeof out->text, "unix:%s%.*s",
		    a.local.sun_path[0] == '\0' ? "@" : "", (int)sizeof a.local.sun_path - 1,
		    a.local.sun_path + (a.local.sun_path[0] == '\0'));
		return 0;
	case AF_INET:
		(void)inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host);
		(void)snprintf(out->text, sizeof out->text, "http://%s:%u", host,
		    ntohs(a.v4.sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host);
		(void)snprintf(out->text, sizeof out->text, "http://[%s]:%u", host,
		    ntohs(a.v6.sin6_port));
		break;
	default:
		return -EAFNOSUPPORT;
	}
	out->kind = is_loopback(&a) ? API_LISTEN_LOOPBACK : API_LISTEN_REMOTE;
	return 0;
}

static void
add(struct sockets *s, int fd, const struct listening *described)
{
	assert(s->len < SOCKETS_MAX);
	s->at[s->len] = *described;
	s->at[s->len++].fd = fd;
}

/* A descriptor, or a negative errno. */
static int
bind_tcp(const struct conf_listen *l)
{
	union address a;
	int one = 1, fd, err;

	memcpy(&a.room, &l->addr, sizeof a.room);
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
	    (a.any.sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == -1) ||
	    bind(fd, &a.any, l->addr_len) == -1 || listen(fd, SOMAXCONN) == -1) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	return fd;
}

static int
open_tcp(struct sockets *s, const struct conf_listen *l, char *why, size_t why_len)
{
	struct listening d = { 0 };
	int fd = bind_tcp(l), err;

	if (!l->asked && (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT)) {
		log_info("this host has no %s: not listening there", l->text);
		return 0;
	}
	if (fd < 0) {
		(void)snprintf(why, why_len, "listen: %s: %s", l->text,
		    fd == -EADDRINUSE ? "another program has this port" : strerror(-fd));
		return fd;
	}
	err = describe(fd, &d);
	if (err != 0) {
		(void)close(fd);
		(void)snprintf(why, why_len, "listen: %s: %s", l->text, strerror(-err));
		return err;
	}
	add(s, fd, &d);
	return 0;
}

/* Is somebody there? Only asked while we hold the lock, so it is no linkqd of this kind. */
static bool
is_served(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool served;

	if (fd == -1)
		return false;
	served = connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno == EAGAIN;
	(void)close(fd);
	return served;
}

static int
lock_socket(struct sockets *s, const char *path, char *why, size_t why_len)
{
	char lock[128];
	int err;

	(void)snprintf(lock, sizeof lock, "%.107s.lock", path);
	s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd == -1) {
		err = -errno;
		(void)snprintf(why, why_len, "socket: %s: %s", lock, strerror(errno));
		return err;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == -1) {
		err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		(void)snprintf(why, why_len, "socket: %s: %s", path,
		    err == -EADDRINUSE ? "another linkqd serves it" : strerror(errno));
		return err;
	}
	return 0;
}

/* 0, or why the name cannot be ours. */
static int
remove_stale(const struct sockaddr_un *a, char *why, size_t why_len)
{
	struct stat st;

	if (lstat(a->sun_path, &st) == -1)
		return 0; /* most likely not there; else bind says what is wrong */
	if (!S_ISSOCK(st.st_mode)) {
		(void)snprintf(why, why_len, "socket: %s: a file that is no socket is in the way",
		    a->sun_path);
		return -EEXIST;
	}
	if (is_served(a)) {
		(void)snprintf(why, why_len, "socket: %s: another program serves it",
		    a->sun_path);
		return -EADDRINUSE;
	}
	if (unlink(a->sun_path) == 0)
		log_info("removed the stale socket %s", a->sun_path);
	return 0;
}

static int
open_unix(struct sockets *s, const char *path, char *why, size_t why_len)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct listening d = { .kind = API_LISTEN_UNIX };
	int fd, err;

	assert(strlen(path) < sizeof a.sun_path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	err = lock_socket(s, path, why, why_len);
	if (err == 0)
		err = remove_stale(&a, why, why_len);
	if (err != 0)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		goto failed;
	if (bind(fd, (const struct sockaddr *)&a, sizeof a) == -1)
		goto failed;
	memcpy(s->socket_path, path, strlen(path) + 1);
	/* Before listen: until then nobody can connect, whatever the umask made of it. */
	if (chmod(path, 0660) == -1 || listen(fd, SOMAXCONN) == -1)
		goto failed;
	(void)snprintf(d.text, sizeof d.text, "unix:%.107s", path);
	add(s, fd, &d);
	return 0;
failed:
	err = -errno;
	(void)snprintf(why, why_len, "socket: %s: %s", path, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return err;
}

/* How many descriptors systemd passed to just this process; the variables are used up. */
static int
count_from_systemd(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n = 0;

	if (pid != NULL && fds != NULL && strtol(pid, NULL, 10) == (long)getpid())
		n = strtol(fds, NULL, 10);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return n < 0 ? 0 : n > 1024 ? 1024 : (int)n;
}

static int
get_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof value;

	if (getsockopt(fd, SOL_SOCKET, option, &value, &len) == -1)
		return -1;
	return value;
}

static int
take_from_systemd(struct sockets *s, int fd, bool have_token, char *why, size_t why_len)
{
	struct listening d = { 0 };
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || get_option(fd, SO_ACCEPTCONN) != 1 ||
	    get_option(fd, SO_TYPE) != SOCK_STREAM || describe(fd, &d) != 0) {
		(void)snprintf(why, why_len,
		    "descriptor %d from systemd is not a listening stream socket", fd);
		return -EINVAL;
	}
	if (d.kind == API_LISTEN_REMOTE && !have_token) {
		(void)snprintf(why, why_len,
		    "%s from systemd is not loopback: that needs a token-file", d.text);
		return -EPERM;
	}
	add(s, fd, &d);
	return 0;
}

static int
open_configured(struct sockets *s, const struct conf *c, char *why, size_t why_len)
{
	char path[PATHS_MAX];
	int err = 0;

	for (size_t i = 0; err == 0 && i < c->listen.len; i++)
		err = open_tcp(s, &c->listen.at[i], why, why_len);
	if (err != 0 || strcmp(c->socket, "none") == 0)
		return err;
	(void)snprintf(path, sizeof path, "%s", c->socket);
	if (path[0] == '\0') {
		err = paths_socket(path, true, why, why_len);
		if (err != 0)
			return err;
	}
	return open_unix(s, path, why, why_len);
}

int
sockets_open(const struct conf *c, struct sockets *out, char *why, size_t why_len)
{
	int passed = count_from_systemd(), err = 0;

	memset(out, 0, sizeof *out);
	out->lock_fd = -1;
	if (passed > SOCKETS_MAX) {
		(void)snprintf(why, why_len, "systemd passed %d sockets; at most %d", passed,
		    SOCKETS_MAX);
		return -E2BIG;
	}
	if (passed == 0)
		err = open_configured(out, c, why, why_len);
	for (int i = 0; err == 0 && i < passed; i++)
		err = take_from_systemd(out, FIRST_FROM_SYSTEMD + i, c->token_file[0] != '\0',
		    why, why_len);
	if (err == 0 && out->len == 0) {
		(void)snprintf(why, why_len, "no address to listen on is there");
		err = -EADDRNOTAVAIL;
	}
	if (err != 0)
		sockets_close(out);
	return err;
}

void
sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->at[i].fd != -1)
			(void)close(s->at[i].fd);
	s->len = 0;
	if (s->socket_path[0] != '\0')
		(void)unlink(s->socket_path);
	s->socket_path[0] = '\0';
	/* The lock file stays: removing it would let two daemons hold two locks of one name. */
	if (s->lock_fd != -1)
		(void)close(s->lock_fd);
	s->lock_fd = -1;
}
