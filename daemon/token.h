/* SPDX-License-Identifier: ISC */
/* A secret: one line of a file of our own. */
#ifndef LINKQ_DAEMON_TOKEN_H
#define LINKQ_DAEMON_TOKEN_H

#include <stddef.h>

#define TOKEN_MIN 16 /* characters: less can be guessed */
#define TOKEN_MAX 255

/* `setting` names it in what is said. An empty path gives an empty token. 0, or a
 * negative errno with one sentence in `why`: -EPERM (others may read it; of a credential of
 * systemd's its group may), -EINVAL (too short, too long, not printable) .. */
int token_read(const char *setting, const char *path, char out[TOKEN_MAX + 1], char *why,
    size_t why_len);

#endif
