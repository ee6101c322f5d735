/* SPDX-License-Identifier: ISC */
/* Serves the files of the dashboard, which never change while the daemon runs. */
#include "api/page.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const char *
type_of(const char *name)
{
	const char *end = strrchr(name, '.');

	assert(end != NULL);
	if (strcmp(end, ".html") == 0)
		return "text/html; charset=utf-8";
	if (strcmp(end, ".css") == 0)
		return "text/css; charset=utf-8";
	if (strcmp(end, ".svg") == 0)
		return "image/svg+xml";
	assert(strcmp(end, ".js") == 0);
	return "text/javascript; charset=utf-8";
}

static const struct page_file *
find(const char *path)
{
	const char *name = strcmp(path, "/") == 0 ? "index.html" : path + strlen(PAGE_PREFIX);

	for (size_t i = 0; i < page_files_len; i++)
		if (strcmp(page_files[i].name, name) == 0)
			return &page_files[i];
	return NULL;
}

int
page_answer(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {NULL};
	const struct page_file *f = find(rq->query.path);

	(void)core;
	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	if (f == NULL)
		return problem_set(&out->problem, 404, NULL, "There is nothing at %.100s.",
		    rq->query.path);
	if (answer_copy(out, type_of(f->name), f->at, f->len) != 0)
		return -EINVAL;
	out->etag = f->etag;
	if (route_has_tag(rq->headers, f->etag))
		out->status = 304; /* its head alone is sent */
	return 0;
}
