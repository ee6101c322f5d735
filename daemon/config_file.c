/* SPDX-License-Identifier: ISC */
/* The configuration from a file: libconfuse reads it, the table judges each value. */
#include "daemon/config.h"

#include <assert.h>
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/settings.h"

/* Unknown names that are told in one go. */
#define UNKNOWN_MAX 8
#define UNKNOWN_LEN 64
/* What follows an open quote or comment is swallowed without a word: this shows it. */
#define END_NAME "end-of-file"
#define END_TEXT "\n" END_NAME " = 1\n"

/*
 * One reading of a file. libconfuse gives a callback for each value but no place for an
 * argument, and its scanner is global anyway: so is this.
 */
static struct reading {
	struct conf *conf;
	const char *path;
	char *why;
	size_t why_len, why_used;
	bool failed, full; /* full: there is no room for a further complaint */
	char unknown[UNKNOWN_MAX][UNKNOWN_LEN]; /* names that an earlier round found */
	size_t unknown_len;
	bool again;   /* a new unknown name: read once more, knowing it */
	bool to_end;  /* this round looks whether the scanner came to the end */
	bool at_end;  /* it did */
	unsigned char seen[CONF_SETTINGS_MAX]; /* assignments so far */
} reading;

/* A copy that shares nothing. */
static int
copy(struct conf *to, const struct conf *from)
{
	struct conf_names *lists[] = { &to->allowed_host, &to->allowed_origin };
	int err = 0;

	*to = *from;
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < lists[l]->len; i++) {
			lists[l]->at[i] = strdup(lists[l]->at[i]);
			if (lists[l]->at[i] == NULL)
				err = -ENOMEM; /* free(NULL) is fine later */
		}
	return err;
}

static void __attribute__((format(printf, 2, 3)))
complain(int line, const char *format, ...)
{
	struct reading *r = &reading;
	char text[CONF_WHY_MAX], said[CONF_WHY_MAX + 1024];
	va_list args;
	int n;

	r->failed = true;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	n = snprintf(said, sizeof said, "%s%s:%d: %s", r->why_used > 0 ? "\n" : "", r->path, line,
	    text);
	if (n < 0)
		return;
	/* Half a line helps nobody, but for the first; and then those behind it are none. */
	if (r->why_used > 0 && (r->full || (size_t)n >= r->why_len - r->why_used)) {
		r->full = true;
		return;
	}
	(void)snprintf(r->why + r->why_used, r->why_len - r->why_used, "%s", said);
	r->why_used += strlen(r->why + r->why_used);
}

static void
complain_unknown(int line, const char *name)
{
	const char *near = setting_near(name, strlen(name));
	char quoted[80];

	setting_quote(quoted, sizeof quoted, name, strlen(name));
	if (near != NULL)
		complain(line, "there is no setting %s; did you mean %s?", quoted, near);
	else
		complain(line, "there is no setting %s; linkqd.conf(5) lists them", quoted);
}

/* libconfuse stops at a name it does not know. Remember it, and read again with it known. */
static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *format, va_list args)
{
	static const char no_option[] = "no such option '";
	struct reading *r = &reading;
	char text[256];
	char *end;

	if (vsnprintf(text, sizeof text, format, args) < 0)
		return;
	end = strrchr(text, '\'');
	if (strncmp(text, no_option, sizeof no_option - 1) != 0 || end == NULL) {
		complain(cfg->line, "%s", text);
		return;
	}
	*end = '\0';
	if (r->unknown_len == UNKNOWN_MAX || strlen(text + sizeof no_option - 1) >= UNKNOWN_LEN ||
	    text[sizeof no_option - 1] == '\0') {
		complain_unknown(cfg->line, text + sizeof no_option - 1);
		return;
	}
	memcpy(r->unknown[r->unknown_len++], text + sizeof no_option - 1,
	    strlen(text + sizeof no_option - 1) + 1);
	r->again = true;
}

/* Always 0: what is wrong is kept, and reading goes on to find what else is wrong. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct reading *r = &reading;
	const struct setting *s = setting_find(opt->name, strlen(opt->name));
	char why[CONF_WHY_MAX];
	bool begins = !setting_is_list(s) || opt->nvalues <= 1; /* not a further value of a list */
	size_t i = (size_t)(s - settings);

	*(const char **)result = value;
	if (begins && r->seen[i]++ > 0) {
		complain(cfg->line, "%s is set twice", s->name);
		r->seen[i] = 1;
		return 0;
	}
	if (begins)
		setting_clear(r->conf, s);
	if (setting_take(r->conf, s, CONF_FILE, value, why, sizeof why) != 0)
		complain(cfg->line, "%s", why);
	return 0;
}

static int
on_unknown(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	*(const char **)result = value;
	complain_unknown(cfg->line, opt->name);
	return 0;
}

static int
on_end(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	(void)cfg;
	(void)opt;
	*(const char **)result = value;
	reading.at_end = true;
	return 0;
}

static void
options(cfg_opt_t *o)
{
	size_t n = 0;

	if (reading.to_end)
		o[n++] = (cfg_opt_t)CFG_STR_CB(END_NAME, NULL, CFGF_NODEFAULT, on_end);

	for (size_t i = 0; i < settings_len; i++)
		if (setting_is_list(&settings[i]))
			o[n++] = (cfg_opt_t)CFG_STR_LIST_CB(settings[i].name, NULL,
			    CFGF_NODEFAULT, on_value);
		else
			o[n++] = (cfg_opt_t)CFG_STR_CB(settings[i].name, NULL, CFGF_NODEFAULT,
			    on_value);
	for (size_t i = 0; i < reading.unknown_len; i++)
		o[n++] = (cfg_opt_t)CFG_STR_CB(reading.unknown[i], NULL, CFGF_NODEFAULT,
		    on_unknown);
	o[n] = (cfg_opt_t)CFG_END();
}

/* `NAME = {}` gives no callback; it empties the list. */
static void
take_empty_lists(cfg_t *cfg)
{
	for (size_t i = 0; i < settings_len; i++) {
		const struct setting *s = &settings[i];
		cfg_opt_t *opt = cfg_getopt(cfg, s->name);

		if (!setting_is_list(s) || opt == NULL || cfg_opt_size(opt) != 0 ||
		    (opt->flags & CFGF_MODIFIED) == 0 || reading.seen[i] != 0)
			continue;
		setting_clear(reading.conf, s);
		reading.conf->origin[i] = CONF_FILE;
	}
}

/* One round. 0, -EINVAL, -ENOMEM. */
static int
read_once(const char *text)
{
	cfg_opt_t o[CONF_SETTINGS_MAX + UNKNOWN_MAX + 2];
	cfg_t *cfg;
	int rc;

	options(o);
	cfg = cfg_init(o, CFGF_NONE);
	if (cfg == NULL)
		return -ENOMEM;
	(void)cfg_set_error_function(cfg, on_error);
	rc = cfg_parse_buf(cfg, text);
	if (rc == CFG_SUCCESS)
		take_empty_lists(cfg);
	(void)cfg_free(cfg);
	if (rc != CFG_SUCCESS && !reading.failed && !reading.again)
		complain(1, "it cannot be read as a configuration");
	return reading.failed || reading.again ? -EINVAL : 0;
}

/* Characters that end a word: a comment may begin behind them. */
static bool
is_between(char c)
{
	return strchr(" \t\r\n={}(),+", c) != NULL;
}

static int
count_lines(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/*
 * What is open where the text ends: a brace, a quote or a comment; NULL: nothing. `text` has
 * no closed comments any more.
 */
static const char *
find_open(const char *text, int *line)
{
	static const char *const names[] = { "the {", "the quote", "the comment" };
	int at = 1, brace_at = 0, quote_at = 0;
	char quote = '\0';

	for (const char *c = text; *c != '\0'; c++) {
		at += *c == '\n';
		if (quote != '\0') {
			if (*c == '\\' && c[1] != '\0')
				at += *++c == '\n';
			else if (*c == quote)
				quote = '\0';
		} else if (*c == '"' || *c == '\'') {
			quote = *c;
			quote_at = at;
		} else if (*c == '{') {
			brace_at = at;
		} else if (*c == '}') {
			brace_at = 0;
		} else if (*c == '/' && c[1] == '*' && (c == text || is_between(c[-1]))) {
			*line = at;
			return names[2];
		}
	}
	*line = quote != '\0' ? quote_at : brace_at;
	return quote != '\0' ? names[1] : brace_at > 0 ? names[0] : NULL;
}

/* What follows something that is open makes no sense, and what libconfuse says of it is no
 * help: where it was opened is. */
static void
complain_open(const char *text)
{
	struct reading *r = &reading;
	const char *what;
	int line;

	what = find_open(text, &line);
	if (what == NULL)
		return;
	r->why_used = 0;
	r->full = false;
	complain(line, "%s that is opened here is not closed", what);
}

/* One round from the start. The last one, if it succeeds, is what counts. */
static int
read_round(struct conf *c, const char *text)
{
	struct reading *r = &reading;
	struct conf *work = malloc(sizeof *work);
	int err = work != NULL ? copy(work, c) : -ENOMEM;

	r->conf = work;
	r->why_used = 0;
	r->failed = r->full = r->again = r->at_end = false;
	memset(r->seen, 0, sizeof r->seen);
	r->why[0] = '\0';
	if (err == 0)
		err = read_once(text);
	if (err == 0 && r->to_end && !r->at_end) {
		complain(count_lines(text) - 2, "a quote or a comment is not closed");
		err = -EINVAL;
	}
	if (err == -EINVAL && !r->again)
		complain_open(text);
	if (err == -ENOMEM)
		(void)snprintf(r->why, r->why_len, "%s: out of memory", r->path);
	if (err == 0 && r->to_end) {
		conf_finish(c);
		*c = *work;
	} else if (work != NULL) {
		conf_finish(work);
	}
	free(work);
	return err;
}

/*
 * Comments become spaces: libconfuse 3.3 counts their lines three times, and errors would
 * name the wrong one. In quotes they are none, and nor is // inside a word (a URL).
 */
static void
blank_comments(char *text)
{
	char quote = '\0', before = '\n';

	for (char *c = text; *c != '\0'; before = *c, c++) {
		if (quote != '\0') {
			if (*c == '\\' && c[1] != '\0')
				c++;
			else if (*c == quote)
				quote = '\0';
			continue;
		}
		if (*c == '"' || *c == '\'') {
			quote = *c;
		} else if (*c == '#' ||
		    (*c == '/' && c[1] == '/' && is_between(before))) {
			size_t len = strcspn(c, "\n");

			memset(c, ' ', len);
			c += len - 1;
		} else if (*c == '/' && c[1] == '*' && is_between(before)) {
			char *end = strstr(c + 2, "*/");

			if (end == NULL)
				return; /* not closed: libconfuse says so */
			for (; c < end + 2; c++)
				if (*c != '\n')
					*c = ' ';
			c--;
		}
	}
}

int
conf_load_text(struct conf *c, const char *path, const char *text, size_t len, char *why,
    size_t why_len)
{
	char *ended;
	int err;

	assert(why_len > 0);
	why[0] = '\0';
	if (len > CONF_FILE_MAX) {
		(void)snprintf(why, why_len, "%s: a configuration of more than %d bytes", path,
		    CONF_FILE_MAX);
		return -E2BIG;
	}
	if (memchr(text, '\0', len) != NULL) {
		(void)snprintf(why, why_len, "%s: not a text: it has a zero byte in it", path);
		return -EINVAL;
	}
	ended = malloc(len + sizeof END_TEXT);
	if (ended == NULL) {
		(void)snprintf(why, why_len, "%s: out of memory", path);
		return -ENOMEM;
	}
	memcpy(ended, text, len);
	ended[len] = '\0';
	blank_comments(ended);
	memset(&reading, 0, sizeof reading);
	reading.path = path;
	reading.why = why;
	reading.why_len = why_len;
	do {
		memcpy(ended + len, "\n", 2);
		err = read_round(c, ended);
	} while (reading.again);
	if (err == 0) {
		reading.to_end = true;
		memcpy(ended + len, END_TEXT, sizeof END_TEXT);
		err = read_round(c, ended);
	}
	free(ended);
	return err;
}

/* The whole file, at most one byte more than is allowed. */
static int
slurp(const char *path, char *text, size_t cap, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n = 1;
	int err = 0;

	if (fd == -1)
		return -errno;
	if (fstat(fd, &st) == -1)
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	for (*len = 0; err == 0 && n > 0 && *len < cap; *len += (size_t)n) {
		n = read(fd, text + *len, cap - *len);
		if (n == -1) {
			err = -errno;
			n = 0;
		}
	}
	(void)close(fd);
	return err;
}

int
conf_load(struct conf *c, const char *path, char *why, size_t why_len)
{
	char *text = malloc(CONF_FILE_MAX + 1);
	size_t len = 0;
	int err;

	if (text == NULL) {
		(void)snprintf(why, why_len, "%s: out of memory", path);
		return -ENOMEM;
	}
	err = slurp(path, text, CONF_FILE_MAX + 1, &len);
	if (err != 0)
		(void)snprintf(why, why_len, "%s: %s", path, strerror(-err));
	else
		err = conf_load_text(c, path, text, len, why, why_len);
	free(text);
	return err;
}
