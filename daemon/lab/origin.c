/* SPDX-License-Identifier: ISC */
/* The web server at the far end of the lab's link. */
#include "daemon/lab/origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#define BYTES_MAX UINT64_C(1000000000000)
#define DELAY_MS_MAX UINT64_C(60000)
#define BLOCK_BYTES 65536
#define IDLE_S 120

int
origin_listen(const char *addr, uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t len = sizeof sin;
	int one = 1, fd, err;

	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		return -EINVAL;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	/* The same sender on every host, whatever its default is. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", strlen("cubic"));
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	*port = ntohs(sin.sin_port);
	return fd;
}

static ssize_t
fill(void *ctx, uint64_t pos, char *to, size_t most)
{
	(void)ctx;
	/* Printable, and not the same at every place of a block: nothing to compress away. */
	for (size_t i = 0; i < most; i++)
		to[i] = (char)('!' + (pos + i) * 7 % 89);
	return (ssize_t)most;
}

static enum MHD_Result
answer_as(struct MHD_Connection *c, unsigned status, struct MHD_Response *r, const char *type)
{
	enum MHD_Result ok;

	if (r == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(r, "Cache-Control", "no-store");
	(void)MHD_add_response_header(r, "Content-Type", type);
	(void)MHD_add_response_header(r, "Access-Control-Allow-Origin", "*");
	(void)MHD_add_response_header(r, "Timing-Allow-Origin", "*");
	ok = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result
answer(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	return answer_as(c, status, r, "application/octet-stream");
}

static enum MHD_Result
answer_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	char copy[64];

	snprintf(copy, sizeof copy, "%s", text);
	return answer(c, status,
	    MHD_create_response_from_buffer(strlen(copy), copy, MHD_RESPMEM_MUST_COPY));
}

/* The number that follows `prefix` in `url`, at most `most`. */
static bool
number_after(const char *url, const char *prefix, uint64_t most, uint64_t *out)
{
	size_t len = strlen(prefix);
	char *end;

	if (strncmp(url, prefix, len) != 0 || url[len] < '0' || url[len] > '9')
		return false;
	errno = 0;
	*out = strtoull(url + len, &end, 10);
	return errno == 0 && *end == '\0' && *out <= most;
}

static const char *
type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot != NULL && strcmp(dot, ".m3u8") == 0)
		return "application/vnd.apple.mpegurl";
	if (dot != NULL && strcmp(dot, ".mpd") == 0)
		return "application/dash+xml";
	return "application/octet-stream";
}

/* Below the folder only: the names are those of tests, and still. */
static enum MHD_Result
answer_file(struct MHD_Connection *c, const char *folder, const char *name)
{
	const bool fits = *name != '/' && strstr(name, "..") == NULL;
	char path[4096];
	struct stat st;
	int fd = -1;

	if (fits && snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		return answer_text(c, MHD_HTTP_NOT_FOUND, "not found\n");
	return answer_as(c, MHD_HTTP_OK, MHD_create_response_from_fd64((uint64_t)st.st_size, fd),
	    type_of(name));
}

static enum MHD_Result
answer_get(struct MHD_Connection *c, const char *files, const char *url)
{
	static const char below[] = "/files/";
	uint64_t n;

	if (strcmp(url, "/generate_204") == 0)
		return answer(c, MHD_HTTP_NO_CONTENT,
		    MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
	if (number_after(url, "/bytes/", BYTES_MAX, &n))
		return answer(c, MHD_HTTP_OK,
		    MHD_create_response_from_callback(n, BLOCK_BYTES, fill, NULL, NULL));
	if (number_after(url, "/delay/", DELAY_MS_MAX, &n)) {
		struct timespec t = { (time_t)(n / 1000), (long)(n % 1000 * 1000000) };

		nanosleep(&t, NULL);
		return answer_text(c, MHD_HTTP_OK, "done\n");
	}
	if (files != NULL && strncmp(url, below, sizeof below - 1) == 0)
		return answer_file(c, files, url + sizeof below - 1);
	return answer_text(c, MHD_HTTP_NOT_FOUND, "not found\n");
}

static enum MHD_Result
handle(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_len, void **req)
{
	uint64_t *received = *req;
	char text[32];

	(void)version;
	(void)upload;
	if (received == NULL) {
		*req = received = calloc(1, sizeof *received);
		return received != NULL ? MHD_YES : MHD_NO;
	}
	if (*upload_len > 0) {
		*received += *upload_len;
		*upload_len = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return answer_get(c, ctx, url);
	if (strcmp(method, "POST") == 0 && strcmp(url, "/upload") == 0) {
		snprintf(text, sizeof text, "%llu\n", (unsigned long long)*received);
		return answer_text(c, MHD_HTTP_OK, text);
	}
	return answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "not allowed\n");
}

static void
completed(void *ctx, struct MHD_Connection *c, void **req,
    enum MHD_RequestTerminationCode why)
{
	(void)ctx;
	(void)c;
	(void)why;
	free(*req);
	*req = NULL;
}

int
origin_serve(int listen_fd, const char *files)
{
	char *folder = files != NULL ? strdup(files) : NULL;
	struct MHD_Daemon *d = MHD_start_daemon(
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, 0,
	    NULL, NULL, handle, folder, MHD_OPTION_LISTEN_SOCKET, listen_fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)ORIGIN_CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_NOTIFY_COMPLETED,
	    completed, NULL, MHD_OPTION_END);

	if (d == NULL)
		return -EIO;
	for (;;)
		pause();
}
