/* SPDX-License-Identifier: ISC */
/* linkq measure: a fresh measurement now. */
#ifndef LINKQ_CLI_MEASURE_H
#define LINKQ_CLI_MEASURE_H

int cmd_measure(int argc, char **argv);
extern const char measure_help[];

#endif
