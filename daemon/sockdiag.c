/* SPDX-License-Identifier: ISC */
/* Dumps of the kernel's TCP sockets in slices, and word of those that go. */
#include "daemon/sockdiag.h"

#include <assert.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "daemon/netlink_walk.h"

/* The kernel sizes its messages by the largest buffer that a socket was ever read with. */
#define BUFFER_BYTES 32768
#define SLICE_US 1000
#define ENDS_MAX 400 /* taken at once; more are dropped, and counted as lost */
#define ENDS_BUFFER_BYTES (1 << 20)

/* Established (1), opening (2) and closing (4, 5, 8, 9, 11), but not listening or waiting. */
#define STATES (1U << 1 | 1U << 2 | 1U << 4 | 1U << 5 | 1U << 8 | 1U << 9 | 1U << 11)
#define REQUEST_BYTES 128
_Static_assert(NLMSG_SPACE(sizeof(struct inet_diag_req)) <= REQUEST_BYTES &&
    NLMSG_SPACE(sizeof(struct inet_diag_req_v2)) <= REQUEST_BYTES, "either request fits");
#define WANT_INFO (1U << (INET_DIAG_INFO - 1))

enum walk { WALK_BOTH, WALK_V4, WALK_V6, WALKS_OVER };

struct sockdiag {
	struct mnl_socket *dump, *ends; /* NULL: to be opened */
	enum walk walk;                 /* WALKS_OVER: no dump is underway */
	bool changed;
	uint32_t seq;
	int64_t cost_us; /* of the dump that is underway */
	struct sockdiag_counters count;
	_Alignas(struct nlmsghdr) char buffer[BUFFER_BYTES];
};

/* What this thread has used of the processor. */
static int64_t
spent_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) < 0)
		return 0;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
open_socket(struct mnl_socket **out)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (s == NULL)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;

		mnl_socket_close(s);
		return error;
	}
	*out = s;
	return 0;
}

static void
close_socket(struct mnl_socket **s)
{
	if (*s)
		mnl_socket_close(*s);
	*s = NULL;
}

/* Word of ends is a help, not a need: without it short connections are not seen. */
static void
open_ends(struct sockdiag *sd)
{
	const int size = ENDS_BUFFER_BYTES;
	const int group[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};
	int fd;

	sd->count.ends_told = false;
	if (open_socket(&sd->ends) < 0)
		return;
	fd = mnl_socket_get_fd(sd->ends);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < 2; i++) {
		int g = group[i];

		if (mnl_socket_setsockopt(sd->ends, NETLINK_ADD_MEMBERSHIP, &g, sizeof(g)) < 0) {
			close_socket(&sd->ends);
			return;
		}
	}
	sd->count.ends_told = true;
}

int
sockdiag_open(struct sockdiag **out)
{
	struct sockdiag *sd = calloc(1, sizeof(*sd));
	int error;

	if (sd == NULL)
		return -ENOMEM;
	sd->walk = WALKS_OVER;
	sd->count.one_walk = true;
	error = open_socket(&sd->dump);
	if (error < 0) {
		free(sd);
		return error;
	}
	open_ends(sd);
	*out = sd;
	return 0;
}

void
sockdiag_close(struct sockdiag *sd)
{
	if (sd == NULL)
		return;
	close_socket(&sd->dump);
	close_socket(&sd->ends);
	free(sd);
}

/* One request. The old one names no family that the kernel heeds: both come in one walk. */
static int
send_request(struct sockdiag *sd)
{
	_Alignas(struct nlmsghdr) char request[REQUEST_BYTES];
	struct nlmsghdr *nlh;

	nlh = mnl_nlmsg_put_header(request);
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++sd->seq;
	if (sd->walk == WALK_BOTH) {
		struct inet_diag_req *r = mnl_nlmsg_put_extra_header(nlh, sizeof(*r));

		nlh->nlmsg_type = TCPDIAG_GETSOCK;
		r->idiag_family = AF_INET;
		r->idiag_states = STATES;
		r->idiag_ext = WANT_INFO;
	} else {
		struct inet_diag_req_v2 *r = mnl_nlmsg_put_extra_header(nlh, sizeof(*r));

		nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		r->sdiag_family = sd->walk == WALK_V4 ? AF_INET : AF_INET6;
		r->sdiag_protocol = IPPROTO_TCP;
		r->idiag_states = STATES;
		r->idiag_ext = WANT_INFO;
	}
	return mnl_socket_sendto(sd->dump, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

static int
fail(struct sockdiag *sd, int error)
{
	close_socket(&sd->dump);
	sd->walk = WALKS_OVER;
	sd->count.failed++;
	return error;
}

int
sockdiag_begin(struct sockdiag *sd)
{
	int64_t before_us = spent_us();
	int error = 0;

	if (sd->walk != WALKS_OVER)
		return -EBUSY;
	if (sd->dump == NULL)
		error = open_socket(&sd->dump);
	if (error < 0)
		return error;
	sd->walk = sd->count.one_walk ? WALK_BOTH : WALK_V4;
	sd->changed = false;
	error = send_request(sd);
	sd->cost_us = spent_us() - before_us;
	return error < 0 ? fail(sd, error) : 0;
}

void
sockdiag_reset(struct sockdiag *sd)
{
	if (sd->walk != WALKS_OVER)
		(void)fail(sd, 0);
}

int
sockdiag_dump_fd(const struct sockdiag *sd)
{
	return sd->dump ? mnl_socket_get_fd(sd->dump) : -1;
}

int
sockdiag_gone_fd(const struct sockdiag *sd)
{
	return sd->ends ? mnl_socket_get_fd(sd->ends) : -1;
}

/* A walk is over. `error` is the kernel's word on it. */
static int
walk_over(struct sockdiag *sd, int error)
{
	if (sd->walk == WALK_BOTH && error < 0) {
		sd->count.one_walk = false; /* this kernel no longer knows the old request */
		sd->walk = WALK_V4;
	} else if (sd->walk == WALK_V4 && error == 0) {
		sd->walk = WALK_V6;
	} else if (error == 0 || (sd->walk == WALK_V6 && error == -ENOENT)) {
		sd->walk = WALKS_OVER;
		return 0;
	} else {
		return error;
	}
	return send_request(sd);
}

static int
error_of(const struct nlmsghdr *nlh)
{
	int error = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));
	if (error > 0)
		error = -error;
	return nlh->nlmsg_type == NLMSG_ERROR && error == 0 ? -EPROTO : error;
}

/* One read's worth of messages. 0, or a negative errno. */
static int
take_messages(struct sockdiag *sd, size_t got, int64_t now_us, sockdiag_fn *fn, void *arg)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)sd->buffer;
	size_t whole = netlink_whole(sd->buffer, got);
	int left = (int)whole;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		struct passive_reading r;

		if (nlh->nlmsg_seq != sd->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			sd->changed = true;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return walk_over(sd, error_of(nlh));
		if (nlh->nlmsg_type == NLMSG_OVERRUN)
			return -ENOBUFS;
		if (sockdiag_parse(nlh, &r) == 0)
			fn(arg, now_us, &r);
		else
			sd->count.malformed++;
	}
	if (whole < got)
		sd->count.malformed++;
	return 0;
}

static int
take_slice(struct sockdiag *sd, int64_t now_us, int64_t until_us, sockdiag_fn *fn, void *arg)
{
	do {
		ssize_t got = recv(sockdiag_dump_fd(sd), sd->buffer, BUFFER_BYTES, MSG_TRUNC);
		int error;

		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (got == 0 || got > BUFFER_BYTES)
			return -EMSGSIZE;
		error = take_messages(sd, (size_t)got, now_us, fn, arg);
		if (error < 0)
			return error;
	} while (sd->walk != WALKS_OVER && spent_us() < until_us);
	return 0;
}

int
sockdiag_slice(struct sockdiag *sd, int64_t now_us, sockdiag_fn *fn, void *arg)
{
	int64_t before_us = spent_us();
	int error;

	assert(sd->walk != WALKS_OVER);
	error = take_slice(sd, now_us, before_us + SLICE_US, fn, arg);
	sd->cost_us += spent_us() - before_us;
	if (error < 0)
		return fail(sd, error);
	if (sd->walk != WALKS_OVER)
		return SOCKDIAG_MORE;
	sd->count.dumps++;
	sd->count.interrupted += sd->changed;
	sd->count.cost_us = sd->cost_us;
	if (sd->cost_us > sd->count.cost_us_max)
		sd->count.cost_us_max = sd->cost_us;
	return sd->changed ? SOCKDIAG_CHANGED : SOCKDIAG_WHOLE;
}

/* Each end comes as a message of its own. */
static void
take_end(struct sockdiag *sd, size_t got, int64_t now_us, sockdiag_fn *fn, void *arg)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)sd->buffer;
	struct passive_reading r;

	if (netlink_whole(nlh, got) == 0 || sockdiag_parse(nlh, &r) < 0) {
		sd->count.malformed++;
		return;
	}
	sd->count.gone++;
	r.phase = PASSIVE_CLOSED;
	fn(arg, now_us, &r);
}

int
sockdiag_drain(struct sockdiag *sd, int64_t now_us, sockdiag_fn *fn, void *arg)
{
	int taken = 0;

	while (sd->ends && taken < ENDS_MAX) {
		ssize_t got = recv(mnl_socket_get_fd(sd->ends), sd->buffer, BUFFER_BYTES, 0);

		if (got < 0 && errno == ENOBUFS) {
			sd->count.lost++;
			continue;
		}
		if (got <= 0)
			break;
		take_end(sd, (size_t)got, now_us, fn, arg);
		taken++;
	}
	/* What is left would only grow older than the dumps that it belongs to. */
	if (taken == ENDS_MAX) {
		sd->count.lost++;
		close_socket(&sd->ends);
	}
	if (sd->ends == NULL && sd->count.ends_told)
		open_ends(sd);
	return taken;
}

struct sockdiag_counters
sockdiag_counters(const struct sockdiag *sd)
{
	return sd->count;
}
