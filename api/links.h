/* SPDX-License-Identifier: ISC */
/* /v1/links: those that are up, those that were, what they are called, and an end to it. */
#ifndef LINKQ_API_LINKS_H
#define LINKQ_API_LINKS_H

#include "api/route.h"

#define LINKS_PATH "/v1/links"
#define LINKS_PREFIX LINKS_PATH "/"

int links_get(struct core *core, const struct request *rq, struct answer *out);
int links_get_one(struct core *core, const struct request *rq, struct answer *out);
int links_name(struct core *core, const struct request *rq, struct answer *out);
int links_forget(struct core *core, const struct request *rq, struct answer *out);
int links_forget_one(struct core *core, const struct request *rq, struct answer *out);

/* An ANSWER_FORGET: are rows still on their way out? And its text, whatever became of it. */
bool links_are_forgotten(const struct answer *a);
int links_tell_forgotten(struct answer *a);

#endif
