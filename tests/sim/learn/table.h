/* SPDX-License-Identifier: ISC */
/* What was learnt, as C. */
#ifndef LINKQ_TESTS_SIM_LEARN_TABLE_H
#define LINKQ_TESTS_SIM_LEARN_TABLE_H

#include "estimator/correction.h"

#include <stdio.h>

/* Writes estimator/correction_table.c: three decimals are enough. */
void table_write(const struct correction_table *t, FILE *out);

#endif
