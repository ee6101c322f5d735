/* SPDX-License-Identifier: ISC */
/* linkq forecast: what is expected ahead, from the link's own past. */
#ifndef LINKQ_CLI_FORECAST_H
#define LINKQ_CLI_FORECAST_H

extern const char forecast_help[];

int cmd_forecast(int argc, char **argv);

#endif
