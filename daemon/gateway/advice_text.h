/* SPDX-License-Identifier: ISC */
/* Questions to the daemon as JSON, and its answers. Pure. */
#ifndef LINKQ_DAEMON_GATEWAY_ADVICE_TEXT_H
#define LINKQ_DAEMON_GATEWAY_ADVICE_TEXT_H

#include "api/buf.h"
#include "daemon/gateway/advice.h"

#define ADVICE_TEXT_MAX (PLAN_RUNGS_MAX * 96 + 1024)

/* A hint request; rungs are called by their index. */
void advice_write(const struct hint_request *r, struct buf *out);
/* An observation. */
void advice_write_transfer(const struct advice_transfer *t, const char *app, int64_t now_us,
    struct buf *out);
/* 0 or -EINVAL: it is no answer to a request with so many rungs. */
int advice_read(const char *text, size_t len, size_t rungs, struct advice_answer *out);

/* CMSD-Dynamic (CTA-5006) of what the daemon says: "linkq";etp=5200;mb=4100;rtt=70 */
void advice_cmsd(const char *said, char *out, size_t size);

#endif
