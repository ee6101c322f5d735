/* SPDX-License-Identifier: ISC */
/* Writes families of metrics and their samples, by the letter of either format. */
#include "api/metrics_text.h"

#include <string.h>

#include "api/rows.h"

/* A counter's family is named without its _total in OpenMetrics, and with it in the other. */
void
mt_family(struct mt *w, const char *name, const char *type, const char *help)
{
	bool counter = strcmp(type, "counter") == 0;
	const char *lines[] = {"# HELP linkqd_", help, "# TYPE linkqd_", type};

	w->name = name;
	w->end = counter ? "_total" : "";
	for (int i = 0; i < 4; i += 2) {
		buf_text(w->out, lines[i]);
		buf_text(w->out, name);
		if (counter && !w->open)
			buf_text(w->out, "_total");
		buf_char(w->out, ' ');
		buf_text(w->out, lines[i + 1]);
		buf_char(w->out, '\n');
	}
}

static void
label(struct mt *w, const char *name, const char *value)
{
	buf_text(w->out, name);
	buf_text(w->out, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_char(w->out, '\\');
		if (*value == '\n')
			buf_text(w->out, "\\n");
		else
			buf_char(w->out, *value);
	}
	buf_char(w->out, '"');
}

/* Up to the value. */
static void
begin(struct mt *w, const char *end, const char *const *labels)
{
	buf_text(w->out, "linkqd_");
	buf_text(w->out, w->name);
	buf_text(w->out, end);
	for (int i = 0; labels[i] != NULL; i += 2) {
		buf_char(w->out, i == 0 ? '{' : ',');
		label(w, labels[i], labels[i + 1]);
	}
	buf_text(w->out, labels[0] != NULL ? "} " : " ");
}

void
mt_sample(struct mt *w, const char *const *labels, int64_t n, unsigned decimals)
{
	if (n == API_UNKNOWN)
		return; /* what is not known has no sample */
	begin(w, w->end, labels);
	buf_fixed(w->out, n, decimals);
	buf_char(w->out, '\n');
}

void
mt_one(struct mt *w, const char *name, const char *type, const char *help, int64_t n,
    unsigned decimals)
{
	mt_family(w, name, type, help);
	mt_sample(w, MT_NONE, n, decimals);
}

int64_t
mt_if_known(int64_t n)
{
	return n < 0 ? API_UNKNOWN : n;
}

void
mt_histogram(struct mt *w, const char *name, const char *help, const struct histogram *h)
{
	static const char *const le[HISTOGRAM_BOUNDS + 1] = {"0.001", "0.0025", "0.005", "0.01",
	    "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"};
	int64_t n = 0;

	mt_family(w, name, "histogram", help);
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		n += h->count[i];
		begin(w, "_bucket", MT_LABELS("le", le[i]));
		buf_int(w->out, n);
		buf_char(w->out, '\n');
	}
	begin(w, "_sum", MT_NONE);
	buf_fixed(w->out, h->sum_us, 6);
	buf_char(w->out, '\n');
	begin(w, "_count", MT_NONE);
	buf_int(w->out, n);
	buf_char(w->out, '\n');
}
