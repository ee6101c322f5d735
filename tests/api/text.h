/* SPDX-License-Identifier: ISC */
/* What tests of written text share: a buffer on the stack and a comparison. */
#ifndef LINKQ_TESTS_API_TEXT_H
#define LINKQ_TESTS_API_TEXT_H

#include <stdio.h>
#include <string.h>

#include "api/buf.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The text as a string; static, so one at a time. */
static inline const char *
text_of(const struct buf *b)
{
	static char text[65536];

	memcpy(text, b->at, b->len);
	text[b->len] = '\0';
	return text;
}

#endif
