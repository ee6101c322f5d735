/* SPDX-License-Identifier: ISC */
/* What the parts of the engine share: its links, and what was last said of each. */
#ifndef LINKQ_DAEMON_ENGINE_INTERNAL_H
#define LINKQ_DAEMON_ENGINE_INTERNAL_H

#include "daemon/engine.h"
#include "daemon/remembered.h"
#include "daemon/requests.h"

#define TICK_BUSY_US INT64_C(250000)
#define TICK_IDLE_US INT64_C(1000000)
#define ROW_IDLE_US INT64_C(60000000)
#define SLEEP_ROWS_EACH 60
#define SLEEP_ROWS_MAX (7 * 1440) /* of a longer sleep only the first week is told */
#define SAVE_US INT64_C(180000000)
#define OVERRIDE_US INT64_C(10000000)
#define GONE_US INT64_C(60000000) /* a shorter absence is an outage of the same network */

/* What may be wrong with a link besides its state. */
enum engine_fault {
	ENGINE_UNMEASURED,
	ENGINE_IPV4_DEAD,
	ENGINE_IPV6_DEAD,
	ENGINE_NETWORK_UNREAD,
	ENGINE_FAULTS
};

struct slot {
	bool used, up;
	struct api_link link;
	char address4[NET_ADDRESS_MAX];
	bool carrier; /* as the kernel says */
	int64_t lost_us;  /* when the way out was lost */
	int64_t heard_us; /* a byte came although there is no way out: believed for a while */
	struct est est;
	/* What was published last. */
	enum est_state state;
	enum est_quality quality;
	struct est_change told; /* the youngest change that was */
	int64_t outage_since_us; /* -1: none is open */
	const char *cause;       /* of what is broken; NULL */
	/* The row of the history that is being filled. */
	int64_t observations, bytes_observed, bytes_probed;
	int64_t bytes_probed_total, bytes_probed_seen; /* ever; and when the kernel last told */
	/* Of the last seconds, to know who tells of what. */
	int64_t told_bytes[EST_DIRECTIONS], seen_bytes[EST_DIRECTIONS];
	bool kernel_silent;
	int64_t row_wall_us; /* second of the last row */
	int64_t row_us;
	int64_t asleep_us, awake_us; /* wall clock: the rows of a sleep from here on are missing */
	int64_t saved_us;
	bool learnt; /* something to save */
	int64_t fault_wall_us[ENGINE_FAULTS]; /* since then; 0: it is not so */
};

/* Whose probes are they? */
struct engine_probed {
	struct engine *e;
	int link; /* ENGINE_DEFAULT, or its number */
	struct probes *probes; /* of a link that is not the default one; NULL */
};

struct engine {
	struct engine_options o;
	struct slot slot[API_LINKS_MAX];
	int current; /* the default link, up or not */
	bool routed; /* there is a way out */
	struct remembered remembered;
	struct requests requests;
	struct api_metrics counted; /* but for the history's part */
	struct probes *probes; /* the default link's */
	struct engine_probed probed[API_LINKS_MAX], probed_default;
	struct kernel *kernel; /* NULL: there is none */
	const struct netlink *netlink; /* NULL: there is none */
	struct forecast *forecast; /* NULL: nobody looks ahead */
	const struct webhooks *webhooks; /* NULL: there are none */
	struct clock_watch clocks;
	int64_t wall_offset_us; /* wall - monotonic */
	int64_t started_us;
	int64_t ticked_us;
	int64_t active_us; /* last evidence, of whatever link */
};

/* A round trip that was answered, of whatever source; below 0: there was none. */
void engine_count_rtt(struct engine *e, int64_t rtt_us);

int64_t engine_wall_us(const struct engine *e, int64_t now_us);

/* engine_rows.c: what changed since it was last told becomes events; and rows. */
void engine_publish(struct engine *e, struct slot *s, int64_t now_us);
void engine_write_row(struct engine *e, struct slot *s, int64_t now_us);
void engine_tell(struct engine *e, const struct slot *s, int64_t wall_us,
    enum api_event_kind kind, const char *detail);
/* This link's host slept so long until then; the rows of it that are still to be written. */
void engine_slept(struct engine *e, struct slot *s, int64_t wall_us, int64_t slept_us);
void engine_sleep_rows(struct engine *e, struct slot *s, int rows_max);

/* What is broken, if anything is; of another link than the default one only what the kernel
 * tells. */
void engine_diagnose(const struct engine *e, const struct slot *s,
    const struct est_snapshot *n, struct api_diagnosis *out);

/* engine.c: evidence for a link. */
enum est_verdict engine_sample(struct engine *e, struct slot *s, int64_t now_us,
    const struct est_sample *sample, int64_t new_bytes, const char *app);
/* Whoever probes this link; NULL: nobody does. */
struct probes *engine_probes_of(struct engine *e, const struct slot *s);
/* A byte came over it, whatever the kernel thinks of its route. */
void engine_overrule(struct slot *s, int64_t now_us, bool by_proxy);
/* engine_faults.c: it is so from now on, or no more. */
void engine_fault(struct engine *e, struct slot *s, enum engine_fault which, bool on,
    int64_t now_us);
void engine_faults_view(const struct slot *s, struct api_view *out);
/* engine_kernel.c: tell the kernel's sense which links are up. */
void engine_kernel_links(struct engine *e);
/* What was learnt of it (NULL: of all) counts no more, and what was not written yet neither. */
void engine_forget(struct engine *e, const char *id);
/* engine.c: a place for a link that came up, of which nothing is known. */
void engine_slot_init(struct engine *e, struct slot *s, const char *id, const char *interface,
    enum est_link_kind kind, int64_t now_us);
/* engine_memory.c: what was learnt of it comes back; or is kept. */
void engine_restore(struct engine *e, struct slot *s, int64_t now_us);
void engine_save(struct engine *e, struct slot *s, int64_t now_us);

#endif
