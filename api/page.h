/* SPDX-License-Identifier: ISC */
/* The dashboard: one page, its style and its scripts, from the binary. */
#ifndef LINKQ_API_PAGE_H
#define LINKQ_API_PAGE_H

#include <stddef.h>

#include "api/route.h"

/* One file of it, made of api/page/ when the program is built. */
struct page_file {
	const char *name; /* below /page/; "index.html" is / */
	const char *etag; /* of its content: check sum and length */
	const unsigned char *at;
	size_t len;
};

extern const struct page_file page_files[];
extern const size_t page_files_len;

/* GET / and GET /page/NAME: 0, or -EINVAL with out->problem set. 304 where the tag is known. */
int page_answer(struct core *core, const struct request *rq, struct answer *out);

#endif
