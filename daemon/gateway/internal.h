/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the gateway share. It is a set of things that wait for each other:
 *
 *	visit (a player's request) -> job (a segment on its way) -> list (a media playlist)
 *
 * None calls another back. Each has a step that looks whether what it waits for is there;
 * when anything has moved, gateway_kick() has all of them look again.
 */
#ifndef LINKQ_DAEMON_GATEWAY_INTERNAL_H
#define LINKQ_DAEMON_GATEWAY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/gateway/advice.h"
#include "daemon/gateway/fetch.h"
#include "daemon/gateway/fmp4.h"
#include "daemon/gateway/gateway.h"
#include "daemon/gateway/master.h"
#include "daemon/gateway/media.h"
#include "daemon/gateway/playback.h"
#include "daemon/gateway/serve.h"
#include "daemon/gateway/ts.h"

#define SECOND_US INT64_C(1000000)
#define TICK_US (SECOND_US / 10)
#define CONNECT_US (4 * SECOND_US)
/* Silence after which another connection is tried: it gets through at once where the old one
 * waits for a repetition that an outage has put off. */
#define SILENCE_US (3 * SECOND_US)
#define SLICE_US (SECOND_US / 2)

/* --- Bodies that are kept whole: playlists, initialization sections ------------------------- */

enum want { WANT_WAIT, WANT_READY, WANT_FAILED };

/* Something to be fetched whole, with patience. */
struct whole {
	struct gateway *g;
	char url[URL_MAX];
	struct media_range range;
	size_t most;         /* bytes; more is 502 */
	struct fetch *fetch;
	char *data;
	size_t len, room;
	bool there;
	bool judged;         /* whether it is good is for its taker to say */
	char base[URL_MAX];  /* where it came from in the end */
	int64_t loaded_us, tried_us, failing_us; /* failing: since when; 0: it does not */
	int status;          /* for the client, while it fails */
	char why[200];
	size_t bare;         /* from there on it says nothing of the URL */
};

void whole_init(struct whole *w, struct gateway *g, const char *url,
    struct media_range range, size_t most);
void whole_finish(struct whole *w);
/* Have it, not older than since_us. READY: data, until the next call. FAILED: status. */
enum want whole_want(struct whole *w, int64_t since_us, int64_t now_us);
void whole_tick(struct whole *w, int64_t now_us);
void whole_fail(struct whole *w, int status, const char *why);

/* --- Playlists ------------------------------------------------------------------------------- */

struct list {
	struct whole whole;
	int64_t parsed_us; /* the load that media is of */
	bool there;        /* media is set */
	struct media media;
};

void list_init(struct list *l, struct gateway *g, const char *url);
void list_finish(struct list *l);
enum want list_want(struct list *l, int64_t since_us, int64_t now_us);

/* --- Tracks: the pictures, or one rendition of sound or subtitles ------------------------------ */

#define TRACKS_MAX (MASTER_MEDIA_MAX + 1)
#define JOBS_MAX 24 /* segments of a track that are held at once */
#define AHEAD_MAX (32 * 1024 * 1024) /* bytes of them, beyond which none is fetched ahead */
#define HOLD_MAX (8 * 1024 * 1024) /* bytes of one; then it waits for its reader */

struct rung {
	struct list list;
	int64_t avg_kbps, peak_kbps, height;
	int64_t bad_until_us;
	bool apart; /* what comes of it cannot be joined with the others */
	struct whole section; /* its initialization section, if it has one */
	bool section_known, section_read; /* tried to read; it could be */
	struct fmp4_init init;
};

enum job_state { JOB_CHOOSE, JOB_ASKED, JOB_LIST, JOB_SECTION, JOB_FETCH, JOB_DONE, JOB_FAILED };

struct job {
	struct track *track;
	int64_t number;
	enum job_state state;
	int rung;             /* -1: not chosen */
	uint64_t tried;       /* rungs that did not have it */
	int rounds;
	int64_t not_before_us;
	int status;           /* of JOB_FAILED */
	size_t visits;        /* players' requests for it */
	bool section_told;    /* a player has its initialization section */
	bool given;           /* it was handed over once */
	char url[URL_MAX];
	struct media_range range;
	int64_t duration_us;
	bool keyed;
	/* bytes */
	struct fetch *fetch;
	unsigned char *data;
	size_t len, room, ready; /* ready: so many of data may be handed on */
	uint64_t base;        /* bytes that were handed on and are gone */
	int64_t got, total;   /* of the origin's bytes; total -1 */
	int64_t skip;         /* of them, that came a second time */
	bool released;        /* players may read it */
	bool joined;          /* what joining needs was done */
	struct ts_counters counters;
	/* times */
	int64_t begun_us, progress_us, sliced_us;
	bool keep_asked, held_up;
	int breaks;
	uint64_t request;     /* number of the transfer under way */
};

struct track {
	struct gateway *g;
	char folder[24];
	struct rung *rung;
	size_t rungs;
	int reference;        /* rung whose playlist is listed; -1: not chosen */
	int64_t shift;        /* number for the client - number in that playlist */
	int fixed;            /* the only rung that is served; -1 */
	int base;             /* rung whose section the player knows; -1 */
	int plays;            /* rung of the segment before; -1 */
	int64_t wanted;       /* the highest number that was asked for; -1 */
	struct job *job[JOBS_MAX];
	struct ts_counters counters;
	int64_t counters_of;  /* the segment after which they are so; -1 */
	struct playback playback;
	struct hint_transfer last;
	int64_t last_ended_us;
	int map[PLAN_RUNGS_MAX]; /* of the question that was asked last: its rungs as ours */
};

int track_init(struct track *t, struct gateway *g, const char *folder, size_t rungs);
void track_finish(struct track *t);
/* May this rung be chosen now? */
bool track_usable(const struct track *t, size_t rung, int64_t now_us);
/* The usable one at or next below, else above; -1: none. */
int track_near(const struct track *t, int rung, uint64_t but, int64_t now_us);
/* The segment of that number in the playlist that is listed; NULL. */
const struct media_segment *track_segment(const struct track *t, int64_t number);
/* The playlist that is listed, moved to another rung where its own fails. */
enum want track_list(struct track *t, int64_t since_us, int64_t now_us);
void track_tick(struct track *t, int64_t now_us);

/* --- Jobs ---------------------------------------------------------------------------------------- */

/* The job of a number, begun if need be. NULL: no room for one more now. */
struct job *job_of(struct track *t, int64_t number, bool begin, int64_t now_us);
void job_step(struct job *j, int64_t now_us);
void job_tick(struct job *j, int64_t now_us);
void job_destroy(struct job *j);
bool job_working(const struct job *j);
/* Bytes for a reader at *pos, as serve_read_fn has it. */
int64_t job_read(struct job *j, uint64_t *pos, char *to, size_t room);
/* It cannot come of this rung: another, or none. */
void job_rung_failed(struct job *j, int status, int64_t now_us);
/* Fetch it, or what is missing of it. */
void job_fetch(struct job *j, int64_t now_us);
/* Is it to be given up? Nobody wants to know any more. */
void job_stop_asking(struct job *j);
/* Give up what comes, and what has come. */
void job_drop_bytes(struct job *j);
/* The question about this segment; the track's map turns its rungs into ours. */
void job_question(struct job *j, struct hint_request *r, int64_t now_us);
/* Room for so many bytes more. False: no memory. */
bool job_space(struct job *j, size_t more);
/* Put what has come in shape for the player, as far as can be. */
void job_join(struct job *j, int64_t now_us);

/* --- Visits ----------------------------------------------------------------------------------------- */

enum visit_kind { VISIT_LIST, VISIT_SEGMENT, VISIT_SECTION };

struct visit {
	struct visit *next;
	struct serve_call *call;
	enum visit_kind kind;
	struct track *track;
	int64_t number, began_us;
	struct job *job;
	bool answered;
	uint64_t pos;
};

void visit_request(void *ctx, struct serve_call *c, const char *path);
void visit_over(void *ctx, struct serve_call *c);
void visit_step(struct visit *v, int64_t now_us);

/* --- The whole ---------------------------------------------------------------------------------------- */

struct gateway {
	struct gateway_options o;
	struct loop *loop;
	struct loop_timer *kick, *tick;
	struct fetcher *fetcher;
	struct advice *advice;
	struct serve *serve;
	struct master master;
	bool has_master; /* the URL was a multivariant playlist */
	struct whole entry;
	struct track *track[TRACKS_MAX]; /* [0]: the pictures; [1 + i]: media i; NULL */
	struct visit *visits;
	uint64_t requests;
	int64_t busy_us;  /* until then there is something to look after often */
	int64_t served_us; /* serve_tick */
	gateway_ready_fn *ready; /* NULL: it was called */
	void *ready_ctx;
	int64_t begun_us;
	bool opened;
	/* what was decided last */
	bool outage;
	char cmsd[96];
	int64_t segments, switches, abandoned, retries;
};

void gateway_kick(struct gateway *g);
bool gateway_marks(const struct gateway *g);
void gateway_said(struct gateway *g, const struct advice_answer *a);
__attribute__((format(printf, 2, 3))) void gateway_note(const struct gateway *g,
    const char *format, ...);

#endif
