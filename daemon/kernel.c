/* SPDX-License-Identifier: ISC */
/* When to look at the kernel's sockets, and whose they are. */
#include "daemon/kernel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/addresses.h"
#include "daemon/digest.h"
#include "daemon/ifbytes.h"
#include "daemon/log.h"
#include "daemon/sockdiag.h"

/* Busy for so long after the last byte, quiet for so long after that. */
#define BUSY_FOR_US INT64_C(2000000)
#define QUIET_FOR_US INT64_C(10000000)
#define RETRY_US INT64_C(10000000) /* after a failure */
#define STUCK_US INT64_C(2000000)  /* a dump that takes longer is given up */
/* Bytes in that move nothing: what a network says to everybody. */
#define CHATTER_BYTES 4000

struct kernel {
	struct loop *loop;
	struct kernel_sink sink;
	struct sockdiag *sd;
	struct passive *passive;
	struct loop_timer *timer;
	struct loop_watch *watch; /* of the dump's descriptor, watch_fd */
	int watch_fd;
	struct digest_salt salt; /* of this run: places cannot be read back */
	struct kernel_link link[PASSIVE_LINKS_MAX];
	size_t links;
	struct passive_address address[PASSIVE_ADDRESSES_MAX];
	size_t addresses;
	int bytes_fd; /* -1: cannot be read */
	struct ifbytes bytes[PASSIVE_LINKS_MAX];
	bool dumping, complained;
	int64_t begun_us, looked_us, moved_us, failures;
	int64_t period_us;
	unsigned looks;
	int64_t sockets; /* at the last look, over links */
	struct passive_report report[PASSIVE_LINKS_MAX];
};

static uint32_t
place_of(void *arg, const uint8_t address[16])
{
	const struct kernel *k = arg;
	char text[33];

	for (int i = 0; i < 16; i++) {
		static const char digit[] = "0123456789abcdef";

		text[2 * i] = digit[address[i] >> 4];
		text[2 * i + 1] = digit[address[i] & 15];
	}
	text[32] = '\0';
	return (uint32_t)digest_number(&k->salt, "place", text);
}

static void
on_socket(void *arg, int64_t now_us, const struct passive_reading *r)
{
	struct kernel *k = arg;

	passive_take(k->passive, now_us, r);
}

static void
on_gone(void *arg, int64_t now_us, const struct passive_reading *r)
{
	struct kernel *k = arg;

	passive_gone(k->passive, now_us, r);
}

/* --- when ------------------------------------------------------------------------------- */

/* Looks that keep step with what they look at would see only one side of it: an eighth
 * to and fro. */
static int64_t
out_of_step(struct kernel *k, int64_t us)
{
	static const int8_t step[] = { 0, 5, -3, 7, -6, 2, -1, 6, -5, 3, -7, 1, 4, -4, -2 };

	return us + us / 64 * step[k->looks++ % sizeof(step)];
}

static int64_t
period_us(const struct kernel *k, int64_t now_us)
{
	struct sockdiag_counters c = sockdiag_counters(k->sd);
	int64_t us = KERNEL_IDLE_US;

	if (now_us - k->moved_us < BUSY_FOR_US)
		us = KERNEL_BUSY_US;
	else if (now_us - k->moved_us < QUIET_FOR_US)
		us = KERNEL_QUIET_US;
	return us > c.cost_us * KERNEL_SHARE ? us : c.cost_us * KERNEL_SHARE;
}

static void
wait_for_next(struct kernel *k, int64_t now_us)
{
	int64_t us;

	k->period_us = period_us(k, now_us);
	us = out_of_step(k, k->period_us);
	/* While all is idle the counters are looked at between two looks. */
	if (us > KERNEL_QUIET_US && k->bytes_fd >= 0)
		us = KERNEL_QUIET_US;
	loop_timer_set(k->timer, us);
}

/* Did anything move since the last time? Unknown is yes. */
static bool
bytes_moved(struct kernel *k)
{
	struct ifbytes now[PASSIVE_LINKS_MAX];
	char name[PASSIVE_LINKS_MAX][16];
	bool moved = false;

	for (size_t i = 0; i < k->links; i++)
		memcpy(name[i], k->link[i].interface, sizeof(name[i]));
	if (k->bytes_fd < 0 || ifbytes_read(k->bytes_fd, name, k->links, now) < 0)
		return true;
	for (size_t i = 0; i < k->links; i++) {
		moved = moved || now[i].out > k->bytes[i].out ||
		    now[i].in > k->bytes[i].in + CHATTER_BYTES || now[i].in < 0;
		k->bytes[i] = now[i];
	}
	return moved;
}

static void
stop_watching(struct kernel *k)
{
	if (k->watch)
		loop_watch_destroy(k->watch);
	k->watch = NULL;
	k->watch_fd = -1;
}

/* --- a look ----------------------------------------------------------------------------- */

static void
failed(struct kernel *k, int64_t now_us, int error)
{
	stop_watching(k); /* its descriptor is closed, and the number may come back */
	k->failures++;
	if (!k->complained)
		log_warn("kernel: its sockets cannot be read: %s; again in %d s",
		    strerror(-error), (int)(RETRY_US / 1000000));
	k->complained = true;
	k->period_us = RETRY_US;
	k->looked_us = now_us;
	loop_timer_set(k->timer, RETRY_US);
}

static void
finish_look(struct kernel *k, int64_t now_us, bool whole)
{
	bool moved = false;

	k->dumping = k->complained = false;
	k->looked_us = now_us;
	loop_watch_set(k->watch, 0);
	passive_end(k->passive, now_us, whole, k->report);
	k->sockets = 0;
	for (int i = 0; i < PASSIVE_LINKS_MAX; i++) {
		const struct passive_report *r = &k->report[i];

		k->sockets += r->sockets;
		moved = moved || r->heard || r->waiting || r->out.bytes > 0;
	}
	if (moved)
		k->moved_us = now_us;
	wait_for_next(k, now_us);
	for (size_t i = 0; i < k->links; i++)
		k->sink.report(k->sink.ctx, now_us, k->link[i].link, &k->report[k->link[i].link]);
}

static void
go_on(struct kernel *k, int64_t now_us)
{
	int r = sockdiag_slice(k->sd, now_us, on_socket, k);

	if (r == SOCKDIAG_MORE)
		return;
	if (r >= 0) {
		finish_look(k, now_us, r == SOCKDIAG_WHOLE);
		return;
	}
	k->dumping = false;
	passive_abort(k->passive);
	failed(k, now_us, r);
}

static void
on_readable(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct kernel *k = arg;

	(void)fd, (void)what;
	if (k->dumping)
		go_on(k, now_us);
	else
		loop_watch_set(k->watch, 0);
}

static int
watch(struct kernel *k)
{
	int fd = sockdiag_dump_fd(k->sd);

	if (k->watch && fd == k->watch_fd) {
		loop_watch_set(k->watch, LOOP_READ);
		return 0;
	}
	stop_watching(k);
	k->watch_fd = fd;
	return loop_watch_create(k->loop, fd, LOOP_READ, on_readable, k, &k->watch);
}

static void
begin_look(struct kernel *k, int64_t now_us)
{
	int error;

	(void)sockdiag_drain(k->sd, now_us, on_gone, k);
	error = sockdiag_begin(k->sd);
	if (error == 0)
		error = watch(k);
	if (error < 0) {
		failed(k, now_us, error);
		return;
	}
	k->dumping = true;
	k->begun_us = now_us;
	passive_begin(k->passive, now_us);
	loop_timer_set(k->timer, STUCK_US);
	go_on(k, now_us); /* the first part is there already, and often it is all */
}

static void
on_timer(void *arg, int64_t now_us)
{
	struct kernel *k = arg;

	if (k->dumping) {
		stop_watching(k);
		sockdiag_reset(k->sd);
		k->dumping = false;
		passive_abort(k->passive);
		failed(k, now_us, -ETIMEDOUT);
		return;
	}
	if (k->period_us == KERNEL_IDLE_US && !bytes_moved(k) &&
	    now_us - k->looked_us < KERNEL_IDLE_US) {
		(void)sockdiag_drain(k->sd, now_us, on_gone, k);
		loop_timer_set(k->timer, KERNEL_QUIET_US);
		return;
	}
	begin_look(k, now_us);
}

/* --- whose ------------------------------------------------------------------------------ */

void
kernel_links(struct kernel *k, const struct kernel_link *links, size_t n)
{
	struct passive_address list[PASSIVE_ADDRESSES_MAX];
	size_t found;

	k->links = n < PASSIVE_LINKS_MAX ? n : PASSIVE_LINKS_MAX;
	memcpy(k->link, links, k->links * sizeof(*links));
	found = addresses_read(k->link, k->links, list, PASSIVE_ADDRESSES_MAX);
	(void)bytes_moved(k);
	if (found == k->addresses && memcmp(list, k->address, found * sizeof(*list)) == 0)
		return;
	memcpy(k->address, list, found * sizeof(*list));
	k->addresses = found;
	passive_addresses(k->passive, k->address, k->addresses);
}

void
kernel_own(struct kernel *k, int fd)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0)
		passive_own(k->passive, cookie);
}

void
kernel_answered(struct kernel *k, int64_t at_us, int link)
{
	passive_answered(k->passive, at_us, link);
}

void
kernel_restart(struct kernel *k, int64_t now_us)
{
	if (k->dumping) {
		stop_watching(k);
		sockdiag_reset(k->sd);
		k->dumping = false;
	}
	passive_restart(k->passive);
	k->moved_us = now_us;
	loop_timer_set(k->timer, 0);
}

void
kernel_report(const struct kernel *k, int64_t now_us, struct api_kernel_report *out)
{
	struct sockdiag_counters s = sockdiag_counters(k->sd);
	struct passive_counters p = passive_counters(k->passive);

	*out = (struct api_kernel_report){
		.on = true,
		.sockets = k->sockets,
		.looks = s.dumps,
		.age_us = now_us - k->looked_us,
		.period_us = k->period_us,
		.cost_us = s.cost_us,
		.cost_us_max = s.cost_us_max,
		.ended = p.gone,
		.lost = s.lost,
		.broken = p.broken + k->failures,
		.malformed = s.malformed,
		.left_out = p.full,
		.silences = p.silences,
		.wishes = p.wishes,
	};
}

int
kernel_create(struct loop *loop, const struct kernel_sink *sink, struct kernel **out)
{
	struct kernel *k = calloc(1, sizeof(*k));
	int error;

	if (!k)
		return -ENOMEM;
	k->loop = loop;
	k->sink = *sink;
	k->watch_fd = -1;
	k->bytes_fd = ifbytes_open();
	error = digest_salt_make(&k->salt);
	if (!error)
		error = passive_create(place_of, k, &k->passive);
	if (!error)
		error = sockdiag_open(&k->sd);
	if (!error)
		error = loop_timer_create(loop, on_timer, k, &k->timer);
	if (error) {
		kernel_destroy(k);
		return error;
	}
	k->moved_us = k->looked_us = loop_now_us(loop);
	k->period_us = KERNEL_BUSY_US;
	loop_timer_set(k->timer, 0);
	*out = k;
	return 0;
}

void
kernel_destroy(struct kernel *k)
{
	if (!k)
		return;
	stop_watching(k);
	if (k->timer)
		loop_timer_destroy(k->timer);
	if (k->bytes_fd >= 0)
		(void)close(k->bytes_fd);
	sockdiag_close(k->sd);
	passive_destroy(k->passive);
	free(k);
}
