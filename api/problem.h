/* SPDX-License-Identifier: ISC */
/* What is wrong with a request, as RFC 9457 tells it. */
#ifndef LINKQ_API_PROBLEM_H
#define LINKQ_API_PROBLEM_H

#include "api/buf.h"

struct problem {
	int status;            /* of HTTP; 0: all is well */
	char field[64];        /* the parameter, member or header at fault; "": none */
	char detail[256];      /* one sentence for a person */
	unsigned retry_after_s; /* 0: not said */
};

/* Set it (field NULL: none is at fault). Always -EINVAL, for `return problem_set(..)`. */
int problem_set(struct problem *p, int status, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The words of an HTTP status. */
const char *problem_title(int status);

/* The document, application/problem+json. */
void problem_write(const struct problem *p, struct buf *out);

#endif
