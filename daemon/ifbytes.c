/* SPDX-License-Identifier: ISC */
/* /proc/net/dev, a line each interface: "  eth0: RXBYTES .. 7 more .. TXBYTES ..". */
#include "daemon/ifbytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 16384 /* about 120 interfaces; what comes later is not seen */

int
ifbytes_open(void)
{
	int fd = open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void
take_line(const char *line, size_t len, const char names[][16], size_t n, struct ifbytes *out)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len;
	int64_t in, sent;

	if (!colon)
		return;
	while (line < colon && *line == ' ')
		line++;
	name_len = (size_t)(colon - line);
	for (size_t i = 0; i < n; i++) {
		if (strlen(names[i]) != name_len || memcmp(names[i], line, name_len) != 0)
			continue;
		if (sscanf(colon + 1, "%" SCNd64 " %*d %*d %*d %*d %*d %*d %*d %" SCNd64, &in,
			&sent) == 2)
			out[i] = (struct ifbytes){ .in = in, .out = sent };
	}
}

void
ifbytes_parse(const char *text, const char names[][16], size_t n, struct ifbytes *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (struct ifbytes){ .in = -1, .out = -1 };
	while (*text) {
		size_t len = strcspn(text, "\n");

		take_line(text, len, names, n, out);
		text += len + (text[len] == '\n');
	}
}

int
ifbytes_read(int fd, const char names[][16], size_t n, struct ifbytes *out)
{
	char text[TEXT_MAX];
	size_t len = 0;

	/* The kernel gives it a page at a time. */
	while (len < sizeof(text) - 1) {
		ssize_t got = pread(fd, text + len, sizeof(text) - 1 - len, (off_t)len);

		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	text[len] = '\0';
	ifbytes_parse(text, names, n, out);
	return 0;
}
