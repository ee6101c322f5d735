/* SPDX-License-Identifier: ISC */
/*
 * What the kernel's own TCP sockets say of each link, from the differences between dumps.
 *
 * Pure: readings of sockets and the instant in, a report per link out. No I/O, no clock, no
 * allocation after passive_create. Reading the sockets is sockdiag.[ch]'s work.
 *
 *     passive_begin(p, now_us)
 *     passive_take(p, now_us, &reading) ...     one a socket that is there
 *     passive_gone(p, now_us, &reading) ...     one a socket that went, at any time
 *     passive_end(p, now_us, whole, reports)    what the interval between two dumps told
 *
 * What it can know, and what not:
 * - Bytes come by difference, so the first sight of a socket is only its baseline, unless it
 *   was born since the dump before.
 * - A receiver does not see what paces a sender. The rate of an interval is therefore only
 *   "at least this much", unless delay says that the link sets the pace: see passive_rate.c.
 * - Data of ours that nobody acknowledges, to several places and for longer than their own
 *   round trips justify, while nothing else is heard, is the link: silence. One place, or
 *   sockets that only received and fell still, look the same when a server pauses: that is
 *   only a wish for one cheap probe.
 *
 * Loopback, this host's own addresses, and on-link destinations of a broadcast link say
 * nothing of the way out and are not kept; our own probes are told apart by their cookies.
 * Of a peer's address only a keyed hash is kept, while its socket lives, to tell whether
 * two sockets go to different places.
 */
#ifndef LINKQ_DAEMON_PASSIVE_H
#define LINKQ_DAEMON_PASSIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PASSIVE_SOCKETS_MAX 4096 /* kept at once; more are counted and left out */
#define PASSIVE_LINKS_MAX 16
#define PASSIVE_ADDRESSES_MAX 128
#define PASSIVE_OWN_MAX 32
#define PASSIVE_RTTS_MAX 4 /* told an interval, each of another place */

enum passive_phase { PASSIVE_CONNECTING, PASSIVE_OPEN, PASSIVE_CLOSED };

/* One socket at one instant. Addresses are IPv6, or IPv4 mapped into it (::ffff:a.b.c.d). */
struct passive_reading {
	uint64_t cookie; /* the kernel's name for it, the same in every dump */
	enum passive_phase phase;
	uint8_t from[16], to[16];
	unsigned interface; /* that it is bound to; 0: none */
	uint32_t unread_bytes; /* arrived, and the application has not taken them */
	uint32_t unacked;      /* segments of ours that nobody has acknowledged */
	uint32_t retransmits;  /* of the oldest of them, in a row */
	int64_t rtt_us, rttvar_us; /* smoothed, of our own data; -1: none yet */
	int64_t rtt_us_min;        /* -1 */
	int64_t rcv_rtt_us;        /* as a receiver; follows a queue on the way in; -1 */
	int64_t since_sent_us, since_data_us, since_ack_us; /* since the last; -1: never */
	uint64_t bytes_in, bytes_acked;
	uint32_t segments_out, segments_retransmitted; /* of data */
	uint32_t segments_delivered; /* of them, acknowledged in order or not; 0: not known */
	uint32_t segments_in; /* of data, in order or not; 0: not known */
	uint32_t out_of_order; /* of them; 0: none, or not known */
	uint32_t segment_bytes;
	int64_t busy_us;    /* time with data to send; -1: this kernel does not say */
	int64_t waited_us;  /* of it, for the peer's window or for room in the buffer; -1 */
	int64_t delivery_kbps; /* newest (or best, where app_limited); -1: none */
	bool app_limited;
};

/* One address of this host. */
struct passive_address {
	int link;            /* slot 0 .. PASSIVE_LINKS_MAX - 1; -1: an interface without one */
	unsigned interface;  /* its index */
	uint8_t address[16]; /* as above */
	unsigned prefix;     /* bits, of 128, that its neighbours share; 128: it has none */
};

enum passive_wish {
	PASSIVE_NO_WISH,
	PASSIVE_WISH_STILL,     /* what was flowing in fell still; a pause looks the same */
	PASSIVE_WISH_UNANSWERED /* data of ours is unanswered, but all of it to one place */
};

enum passive_certainty {
	PASSIVE_AT_LEAST, /* the sender may have set the pace */
	PASSIVE_LINK_RATE /* the link did */
};

struct passive_rate {
	int64_t bytes; /* payload of the interval; 0: none */
	int64_t kbps;  /* what it says: of the interval, or a burst within; -1: nothing */
	enum passive_certainty certainty;
};

struct passive_report {
	int64_t interval_us;       /* since the dump before; 0: there was none */
	int64_t sockets;           /* over this link, now */
	struct passive_rate in, out;
	int64_t rtt_us[PASSIVE_RTTS_MAX]; /* measured within the interval, one a place */
	size_t rtts;
	int64_t segments_out, segments_retransmitted;
	bool heard;                /* anything at all came in within the interval */
	int64_t heard_us;          /* when the last of it did; where heard */
	bool waiting;              /* data of ours is unacknowledged, for long or not */
	int64_t silent_us;         /* the link has been silent for so long; 0: it is not */
	int64_t silent_places;     /* how many places are unanswered */
	enum passive_wish wish;    /* once an episode */
	int64_t wish_us;           /* how long that has been so */
	int64_t quiet_since_us;    /* the last that was heard before it */
};

struct passive_counters {
	int64_t dumps, broken;     /* whole ones; cut short or changed underway */
	int64_t full;              /* sockets left out for want of room */
	int64_t short_readings;    /* without what tcp_info should hold */
	int64_t gone;              /* ends of sockets that were told */
	int64_t gone_unseen;       /* of them, sockets that no dump had seen */
	int64_t wishes, silences;  /* episodes */
};

/* A number for an address that cannot be read back: keyed, the same for the same address. */
typedef uint32_t passive_place_fn(void *arg, const uint8_t address[16]);

struct passive;

/* 0, or -ENOMEM. About 700 kB when full; little while few sockets are there. */
int passive_create(passive_place_fn *place, void *arg, struct passive **out);
void passive_destroy(struct passive *p); /* NULL is fine */

/* The addresses of this host, anew. Sockets whose link changed start from a new baseline. */
void passive_addresses(struct passive *p, const struct passive_address *list, size_t n);

/* A socket of our own probes: it is never taken. Of more than PASSIVE_OWN_MAX the oldest is
 * forgotten. */
void passive_own(struct passive *p, uint64_t cookie);

/* Something else proved at now_us that this link answers (a probe, an application). */
void passive_answered(struct passive *p, int64_t now_us, int link);

/* Time passed that nobody measured (suspend): all are baselines again. */
void passive_restart(struct passive *p);

void passive_begin(struct passive *p, int64_t now_us);
void passive_take(struct passive *p, int64_t now_us, const struct passive_reading *r);
void passive_gone(struct passive *p, int64_t now_us, const struct passive_reading *r);

/* `whole`: the dump came to its end and nothing changed under it; else what it did not show
 * is kept for one more. All of reports[PASSIVE_LINKS_MAX] is written. */
void passive_end(struct passive *p, int64_t now_us, bool whole,
    struct passive_report reports[PASSIVE_LINKS_MAX]);

/* Give up a dump that was begun: nothing is reported; the next one continues. */
void passive_abort(struct passive *p);

struct passive_counters passive_counters(const struct passive *p);
const char *passive_wish_name(enum passive_wish w); /* a few words */

#endif
