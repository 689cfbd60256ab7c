/* clientfind.h: what client.c and clientfind.c share. */
#ifndef TRACTOR_SUPERVISOR_COMMAND_CLIENTFIND_H
#define TRACTOR_SUPERVISOR_COMMAND_CLIENTFIND_H

#include "client.h"

void client_set_end(struct client_end *end, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* False: it can't be a node's path, and the end says so. */
bool client_check_path(const char *path, struct client_end *end);

/* A non-blocking connection to the control socket in that run directory; -1: errno says why. */
int client_connect(const char *directory);

#endif
