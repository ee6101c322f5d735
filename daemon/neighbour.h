/* SPDX-License-Identifier: ISC */
/* Does the kernel know where a neighbour on a link is? Its answer costs no packet. */
#ifndef LINKQ_DAEMON_NEIGHBOUR_H
#define LINKQ_DAEMON_NEIGHBOUR_H

enum neighbour {
	NEIGHBOUR_UNKNOWN, /* never asked for, or long ago, or it cannot be looked up */
	NEIGHBOUR_THERE,   /* it answered within the kernel's reachable time */
	NEIGHBOUR_SOUGHT,  /* it is being asked and has not answered yet */
	NEIGHBOUR_FAILED   /* it did not answer when it was asked */
};

/* `address` in text, IPv4 or IPv6, on the interface of this index. Does not block. */
enum neighbour neighbour_look(int index, const char *address);

#endif
