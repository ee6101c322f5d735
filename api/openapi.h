/* SPDX-License-Identifier: ISC */
/* The OpenAPI description, made of openapi.json when the program is built. */
#ifndef LINKQ_API_OPENAPI_H
#define LINKQ_API_OPENAPI_H

#include <stddef.h>

extern const char openapi_text[];
extern const size_t openapi_len;

#endif
