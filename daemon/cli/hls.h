/* SPDX-License-Identifier: ISC */
/* linkq hls: an HLS gateway for players that cannot adapt. */
#ifndef LINKQ_CLI_HLS_H
#define LINKQ_CLI_HLS_H

int cmd_hls(int argc, char **argv);
extern const char hls_help[];

#endif
