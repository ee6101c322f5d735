/* SPDX-License-Identifier: ISC */
/* What passive.[ch] keeps of one link: sums of the interval, and what was learnt before. */
#ifndef LINKQ_DAEMON_PASSIVE_LINK_H
#define LINKQ_DAEMON_PASSIVE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/passive.h"
#include "daemon/passive_table.h"

/* One way over a link. */
struct passive_way {
	int64_t settled;      /* intervals since the rate was found, up to some */
	int64_t steady;       /* dumps in a row that found it carrying data throughout */
	int64_t signals;      /* dumps in a row that showed a queue by its delay */
	int64_t signal_us;    /* the last of them */
	int64_t standing_us;  /* the last of two in a row or more */
	int64_t link_kbps;    /* the rate that the link was last seen to set; -1: none */
	int64_t link_kbps_us; /* when */
	bool other_path;      /* that rate was another path's: near it proves nothing */
	int64_t link_rtt_us;  /* the least round trip under way since then; -1 */
};

struct passive_link {
	/* Over time. */
	struct passive_way in, out;
	int64_t heard_us;      /* the last segment from anywhere */
	int64_t answered_us;   /* the last proof from elsewhere */
	int64_t rtt_us_worst;  /* round trip and its spread, as the worst of late; -1 */
	int64_t flowing;       /* dumps in a row with data coming in */
	int64_t flowing_bytes; /* in them */
	int64_t data_us;       /* the last data from anywhere */
	bool was_flowing;      /* and that has not been looked into since it stopped */
	bool wished;           /* this episode; over when something is heard */
	bool silent;

	/* Of the interval, between passive_begin and passive_end. */
	int64_t ended_in, ended_out; /* bytes of sockets that went */
	int64_t ended_arrived, ended_delivered;
	int64_t ended_segments, ended_retransmitted;
	int64_t ended_data_us; /* the last data of a socket that went */
	bool ended_heard;
};

/* What the open sockets of a link add up to in one interval. */
struct passive_sum {
	int64_t sockets;
	int64_t in, out;          /* bytes, of those that went too */
	int64_t arrived, delivered; /* the same, with holes smoothed out */
	int64_t segments, retransmitted;
	int64_t idle_us;          /* since the last data on any; -1: none has come yet */
	int64_t out_full;         /* delivered by sockets that sent throughout */
	int64_t delivery_kbps;    /* the most that one of them delivered in a burst; -1 */
	uint32_t segment_bytes;
	int64_t rtt_us;           /* of the largest flow, as a receiver; -1 */
	bool delayed;  /* round trips of our own data stand over their least */
	bool queued;   /* the receiver's round trip stands over its least */
	bool unread;   /* the application takes less than arrives */
	bool asked;    /* what arrives is many small answers: who asks sets the pace */
	bool still_there; /* a socket that received the last data is still open */
	bool waiting;
	bool heard; /* a segment came from somewhere */
};

int64_t passive_later(int64_t a_us, int64_t b_us);

/* passive_address.c. The link that a socket goes out by; -1: none that we look at. */
int passive_link_of(const struct passive_address *list, size_t n,
    const struct passive_reading *r);
bool passive_is_v4(const uint8_t address[16]);

/* passive_socket.c. What changed since the last reading, which was at before_us or NEVER;
 * the counters become the new baseline. */
void passive_difference(struct passive_socket *s, int64_t before_us, int64_t now_us,
    const struct passive_reading *r);

/* passive_sum.c. The sums of all links over the sockets that this dump showed; of the
 * reports only the round trips are written. All arrays have PASSIVE_LINKS_MAX members. */
void passive_sum_up(const struct passive_table *t, struct passive_link *link,
    uint32_t generation, int64_t interval_us, struct passive_sum *sum,
    struct passive_report *reports);

/* passive_rate.c: what the interval's bytes say. */
void passive_rate_in(struct passive_link *l, const struct passive_sum *sum, int64_t now_us,
    int64_t interval_us, struct passive_rate *out);
void passive_rate_out(struct passive_link *l, const struct passive_sum *sum, int64_t now_us,
    int64_t interval_us, struct passive_rate *out);
/* Whether this socket's round trips show a queue, as sender and as receiver. */
bool passive_shows_delay(const struct passive_socket *s);
bool passive_shows_queue(const struct passive_socket *s, int64_t interval_us);

/* passive_stall.c: who waits, and what that says. Fills the silent and wish fields. */
struct passive_stall {
	int64_t now_us;
	uint32_t generation;
	bool has_v4; /* the link has an address for IPv4, whether anything uses it or not */
};
void passive_stall_judge(struct passive_link *l, int link, const struct passive_table *t,
    const struct passive_stall *when, const struct passive_sum *sum,
    struct passive_report *out);

#endif
