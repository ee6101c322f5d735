/* SPDX-License-Identifier: ISC */
/* Problem documents. */
#include "api/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "api/json.h"

int
problem_set(struct problem *p, int status, const char *field, const char *format, ...)
{
	va_list ap;

	p->status = status;
	p->retry_after_s = 0;
	snprintf(p->field, sizeof(p->field), "%s", field != NULL ? field : "");
	va_start(ap, format);
	vsnprintf(p->detail, sizeof(p->detail), format, ap);
	va_end(ap);
	return -EINVAL;
}

const char *
problem_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{409, "Conflict"},
		{429, "Too Many Requests"},
		{405, "Method Not Allowed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{421, "Misdirected Request"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{503, "Service Unavailable"},
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Error";
}

void
problem_write(const struct problem *p, struct buf *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_open(&w, '{');
	jw_key_text(&w, "type", "about:blank");
	jw_key_text(&w, "title", problem_title(p->status));
	jw_key_int(&w, "status", p->status);
	jw_key_text(&w, "detail", p->detail);
	if (p->field[0] != '\0')
		jw_key_text(&w, "field", p->field);
	jw_close(&w, '}');
	buf_char(out, '\n');
}
