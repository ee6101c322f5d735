/* SPDX-License-Identifier: ISC */
/* What this process is, before anything else runs. */
#include "daemon/process.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DESCRIPTORS 65536

void
process_prepare(sigset_t *handled)
{
	struct rlimit files;
	sigset_t all;

	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	/* Blocked everywhere: they come by the loop, also when libraries have threads. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
	sigemptyset(handled);
	sigaddset(handled, SIGTERM);
	sigaddset(handled, SIGINT);
	sigaddset(handled, SIGHUP);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}
