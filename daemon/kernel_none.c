/* SPDX-License-Identifier: ISC */
/* Built without libmnl: the kernel's sockets are not looked at. */
#include "daemon/kernel.h"

#include <errno.h>
#include <string.h>

int
kernel_create(struct loop *loop, const struct kernel_sink *sink, struct kernel **out)
{
	(void)loop, (void)sink, (void)out;
	return -ENOTSUP;
}

void
kernel_destroy(struct kernel *k)
{
	(void)k;
}

void
kernel_links(struct kernel *k, const struct kernel_link *links, size_t n)
{
	(void)k, (void)links, (void)n;
}

void
kernel_own(struct kernel *k, int fd)
{
	(void)k, (void)fd;
}

void
kernel_answered(struct kernel *k, int64_t at_us, int link)
{
	(void)k, (void)at_us, (void)link;
}

void
kernel_restart(struct kernel *k, int64_t now_us)
{
	(void)k, (void)now_us;
}

void
kernel_report(const struct kernel *k, int64_t now_us, struct api_kernel_report *out)
{
	(void)k, (void)now_us;
	memset(out, 0, sizeof(*out));
}
