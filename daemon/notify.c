/* SPDX-License-Identifier: ISC */
/* Tell systemd how we are. */
#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
notify_send(const char *lines)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	ssize_t sent;
	size_t len;
	int fd, err = 0;

	if (path == NULL || path[0] == '\0')
		return 0;
	len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof a.sun_path)
		return -EINVAL;
	memcpy(a.sun_path, path, len);
	if (path[0] == '@') /* the abstract namespace */
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -errno;
	sent = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	if (sent == -1)
		err = -errno;
	(void)close(fd);
	return err;
}

int64_t
notify_watchdog_us(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end;
	long long n;

	if (us == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
		return 0;
	errno = 0;
	n = strtoll(us, &end, 10);
	return errno != 0 || end == us || *end != '\0' || n < 0 ? 0 : n;
}
