/* SPDX-License-Identifier: ISC */
/* The loop: one instant an event, descriptors, timers, signals; and the network's picture. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "daemon/clock.h"
#include "daemon/loop.h"
#include "daemon/netlink.h"

static struct loop *loop;
static int64_t seen_us;
static unsigned seen_what;
static int seen_signal, calls;

static void
on_timer(void *arg, int64_t now_us)
{
	(void)arg;
	seen_us = now_us;
	cr_assert_eq(loop_now_us(loop), now_us, "one event has one instant");
	loop_stop(loop);
}

static void
on_pipe(void *arg, int64_t now_us, int fd, unsigned what)
{
	(void)arg, (void)now_us, (void)fd;
	seen_what |= what;
	if (++calls == 3)
		loop_stop(loop);
}

static void
on_signal(void *arg, int64_t now_us, int number)
{
	(void)arg, (void)now_us;
	seen_signal = number;
	loop_stop(loop);
}

Test(loop, calls_a_timer_after_its_delay, .timeout = 10)
{
	struct loop_timer *t;
	int64_t before_us = clock_now_us();

	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(loop_timer_create(loop, on_timer, NULL, &t), 0);
	loop_timer_set(t, 30000);
	cr_assert_eq(loop_run(loop), 0);
	cr_assert_geq(seen_us - before_us, 29000);
	loop_timer_destroy(t);
	loop_destroy(loop);
}

Test(loop, tells_of_a_descriptor_as_long_as_it_is_ready, .timeout = 10)
{
	struct loop_watch *w;
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(loop_watch_create(loop, fd[0], LOOP_READ, on_pipe, NULL, &w), 0);
	cr_assert_eq(write(fd[1], "x", 1), 1);
	cr_assert_eq(loop_run(loop), 0);
	cr_assert_eq(calls, 3, "level-triggered: nobody read it");
	cr_assert_eq(seen_what, (unsigned)LOOP_READ);
	loop_watch_set(w, 0);
	cr_assert_eq(loop_run_once(loop, 0), 0);
	cr_assert_eq(calls, 3);
	loop_watch_destroy(w);
	loop_destroy(loop);
	close(fd[0]);
	close(fd[1]);
}

Test(loop, brings_a_signal_as_an_event, .timeout = 10)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(loop_signals(loop, &set, on_signal, NULL), 0);
	cr_assert_eq(kill(getpid(), SIGHUP), 0);
	cr_assert_eq(loop_run(loop), 0);
	cr_assert_eq(seen_signal, SIGHUP);
	loop_destroy(loop);
}

static void
on_network(void *arg, int64_t now_us, const struct net_picture *p)
{
	(void)arg, (void)now_us, (void)p;
}

Test(netlink, draws_the_first_picture_at_once, .timeout = 10)
{
	const struct net_picture *p;
	struct netlink *nl;
	bool lo = false;

	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(netlink_create(loop, on_network, NULL, &nl), 0);
	p = netlink_picture(nl);
	for (size_t i = 0; i < p->interfaces; i++)
		if (p->interface[i].kind == EST_LINK_LOOPBACK)
			lo = true;
	cr_assert(lo, "every host has loopback");
	netlink_destroy(nl);
	loop_destroy(loop);
}
