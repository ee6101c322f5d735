/* SPDX-License-Identifier: ISC */
/* linkq hint: which rendition of a stream to fetch next. */
#ifndef LINKQ_CLI_HINT_H
#define LINKQ_CLI_HINT_H

int cmd_hint(int argc, char **argv);

extern const char hint_help[];

#endif
