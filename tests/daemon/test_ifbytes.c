/* SPDX-License-Identifier: ISC */
/* The byte counters of interfaces. */
#include "daemon/ifbytes.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

TestSuite(ifbytes, .timeout = 10);

static const char text[] =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
    "drop fifo colls carrier compressed\n"
    "    lo:    1296      18    0    0    0     0          0         0     1296      18    0    "
    "0    0     0       0          0\n"
    "  eth0: 9007199254740993 5 0 0 0 0 0 0 77 5 0 0 0 0 0 0\n"
    "wlan0:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n"
    "broken: 5 1 0";

Test(ifbytes, finds_each_interface_by_its_whole_name)
{
	static const char names[][16] = { "eth0", "lo", "eth", "wlan0", "wlan00", "broken" };
	struct ifbytes b[6];

	ifbytes_parse(text, names, 6, b);
	cr_assert(b[0].in == INT64_C(9007199254740993) && b[0].out == 77);
	cr_assert(b[1].in == 1296 && b[1].out == 1296);
	cr_assert(b[2].in == -1 && b[2].out == -1);
	cr_assert(b[3].in == 5 && b[3].out == 6);
	cr_assert(b[4].in == -1);
	cr_assert(b[5].in == -1);
}

Test(ifbytes, reads_this_hosts_loopback_again_and_again)
{
	static const char names[][16] = { "lo" };
	int fd = ifbytes_open();
	struct ifbytes b;

	cr_assert_geq(fd, 0);
	for (int i = 0; i < 3; i++) {
		b.in = -2;
		cr_assert_eq(ifbytes_read(fd, names, 1, &b), 0);
		cr_assert_geq(b.in, 0);
	}
	close(fd);
	cr_assert_eq(ifbytes_read(fd, names, 1, &b), -EBADF);
}
