/* SPDX-License-Identifier: ISC */
/*
 * The configuration: every setting, where it came from, and one table that parses,
 * validates, prints and documents them (settings.c).
 *
 * Order of calls: conf_init (the presets), conf_load (a file), conf_set (the command line),
 * conf_check (what settings demand of each other), conf_finish. A setting that comes again
 * from a later place replaces what the earlier place said; a list that comes again from the
 * same place on the command line grows.
 */
#ifndef LINKQ_DAEMON_CONFIG_H
#define LINKQ_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#define CONF_LISTEN_MAX 8
#define CONF_TARGETS_MAX 16
#define CONF_NAMES_MAX 16
#define CONF_HOOKS_MAX 8
#define CONF_HOOK_TEXT_MAX 1200 /* characters of a webhook with all its words */
#define CONF_TEXT_MAX 511     /* characters of a path or a URL */
#define CONF_SETTINGS_MAX 40
#define CONF_FILE_MAX 65536   /* bytes of a configuration file */
#define CONF_WHY_MAX 768      /* enough for every message; longer ones are cut */

enum conf_target_kind { CONF_LATENCY, CONF_DOWNLOAD, CONF_UPLOAD };

struct conf_target {
	enum conf_target_kind kind;
	bool own; /* from the file or the command line, not a preset: manners differ */
	char url[CONF_TEXT_MAX + 1]; /* of a download: with {bytes} in it */
};

struct conf_targets {
	size_t len;
	struct conf_target at[CONF_TARGETS_MAX];
};

struct conf_listen {
	bool asked; /* not a preset: where it fails that is an error */
	bool loopback;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	char text[72]; /* as 127.0.0.1:8790 or [::1]:8790 */
};

struct conf_listens {
	size_t len;
	struct conf_listen at[CONF_LISTEN_MAX];
};

struct conf_names {
	size_t len;
	char *at[CONF_NAMES_MAX]; /* ours, freed by conf_finish */
};

enum conf_metered { CONF_METERED_AUTO, CONF_METERED_YES, CONF_METERED_NO };

struct conf_hook {
	char url[CONF_TEXT_MAX + 1];
	char secret_file[CONF_TEXT_MAX + 1];
	bool state, quality; /* what it is told of */
	int64_t hold_us;     /* for which a change must have held */
	int64_t give_up_us;  /* what waits for longer is dropped */
};

struct conf_hooks {
	size_t len;
	struct conf_hook at[CONF_HOOKS_MAX];
};

enum conf_origin { CONF_PRESET, CONF_FILE, CONF_COMMAND_LINE };

struct conf {
	struct conf_listens listen;
	char socket[CONF_TEXT_MAX + 1];   /* "": in the runtime directory, "none": no socket */
	char database[CONF_TEXT_MAX + 1]; /* "": in the state directory */
	char token_file[CONF_TEXT_MAX + 1]; /* "": none */
	struct conf_names allowed_host, allowed_origin;
	struct conf_hooks webhook;
	int64_t connections_max; /* of one listening socket */
	int64_t streams_max;     /* event streams and waiting requests in all */

	char interface[16]; /* "": the one of the default route */
	struct conf_targets probe;
	int64_t probe_interval_us;    /* latency, own targets */
	int64_t stranger_interval_us; /* latency, targets that are not the user's own */
	int64_t download_interval_us, upload_interval_us;
	int64_t probe_timeout_us;
	char probe_proxy[CONF_TEXT_MAX + 1]; /* "": none, "environment", or a URL */
	int64_t budget_hour_bytes, budget_day_bytes; /* of probing, both directions together */
	int64_t budget_metered_bytes; /* of a day, while the connection is metered */
	int64_t metered;              /* enum conf_metered */

	int64_t keep_seconds_us, keep_minutes_us, keep_hours_us; /* estimates */
	int64_t keep_observations_us, keep_events_us;
	int64_t keep_size_bytes; /* of the whole history */
	int64_t kernel;    /* 1: look at the kernel's TCP sockets */
	int64_t log_level; /* enum log_level */

	enum conf_origin origin[CONF_SETTINGS_MAX]; /* by place in the table */
};

/* All presets. */
void conf_init(struct conf *c);

/* Frees the lists; `c` may be initialised again. */
void conf_finish(struct conf *c);

/*
 * Read a file on top. All errors that can be found in one go are told in `why`, a line
 * each, as "FILE:LINE: SETTING: what is wrong; what is allowed".
 * 0, -EINVAL (errors), -E2BIG, or the errno of opening and reading it. On an error the
 * contents of `c` are those from before.
 */
int conf_load(struct conf *c, const char *path, char *why, size_t why_len);

/* The same from memory; `path` is for the messages. */
int conf_load_text(struct conf *c, const char *path, const char *text, size_t len, char *why,
    size_t why_len);

/* One "key=value" of the command line. Lists: repeat it, the first one replaces what was
 * there before; "none" empties. 0 or -EINVAL with one sentence. */
int conf_set(struct conf *c, const char *key_is_value, char *why, size_t why_len);

/*
 * What settings demand of each other: an address that is not loopback needs a token file;
 * where only one of listen and socket was given, the preset of the other does not hold.
 * Call once, after all else. 0 or -EINVAL with one sentence.
 */
int conf_check(struct conf *c, char *why, size_t why_len);

/* The effective configuration as a file that means the same: presets stand behind a #. */
void conf_print(const struct conf *c, FILE *out);

/* All settings with kind, range, preset and text, as --help shows them. */
void conf_help(FILE *out);

/* Was it set by the file or the command line? An unknown name is our bug (assert). */
bool conf_given(const struct conf *c, const char *name);

/* "latency", "download", "upload". */
const char *conf_target_kind_name(enum conf_target_kind kind);

#endif
