/* SPDX-License-Identifier: ISC */
/* linkq links, name, forget: the links that this host was on. */
#ifndef LINKQ_CLI_LINKS_H
#define LINKQ_CLI_LINKS_H

int cmd_links(int argc, char **argv);
int cmd_name(int argc, char **argv);
int cmd_forget(int argc, char **argv);

extern const char links_help[], name_help[], forget_help[];

#endif
