/* SPDX-License-Identifier: ISC */
/* Into the background, with a pipe to whoever waits. */
#include "daemon/detach.h"

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void
wait_for_report(int fd)
{
	unsigned char status = EXIT_FAILURE;
	ssize_t n;

	do
		n = read(fd, &status, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? status : EXIT_FAILURE);
}

int
detach_begin(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(ends[1]);
		wait_for_report(ends[0]);
	}
	close(ends[0]);
	if (setsid() < 0)
		return -errno;
	/* Once more: a leader of a session could be given a terminal. */
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		_exit(EXIT_SUCCESS);
	if (chdir("/") != 0)
		return -errno;
	return ends[1];
}

void
detach_report(int fd, int status)
{
	unsigned char byte = (unsigned char)status;
	int null;

	if (status == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null >= 0) {
			(void)dup2(null, STDIN_FILENO);
			(void)dup2(null, STDOUT_FILENO);
			(void)dup2(null, STDERR_FILENO);
			if (null > STDERR_FILENO)
				close(null);
		}
	}
	while (write(fd, &byte, 1) < 0 && errno == EINTR)
		;
	close(fd);
}
