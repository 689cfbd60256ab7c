/* handover.h: the fds that processes hand over (actor/handed.h), as the supervisor takes them, and the one that it keeps in reserve for that. */
#ifndef TRACTOR_SUPERVISOR_SHELL_HANDOVER_H
#define TRACTOR_SUPERVISOR_SHELL_HANDOVER_H

#include <stdint.h>

#include <tractor/error.h>

struct handover {
	int null;    /* /dev/null: what the reserve is made of; -1: there is none */
	int reserve; /* it again, for its place; -1: that was given up */
};

/* To be opened before there are many fds: a low number is below the limit, whatever becomes of that. What can't be had is tried for again whenever it is missed. */
void handover_open(struct handover *handover);
void handover_close(struct handover *handover);

/*
 * The fd of that number, of those that lie at the socket; the reserve may have been given up for it, so one of the three that follow is to be called. What lies before it is closed: nobody has spoken of it. EBADMSG: there is none;
 * ENOMEM: the host has no place for it, and it is gone.
 */
tractor_err handover_take(struct handover *handover, int socket, uint64_t number, int *ret_fd);
/* Takes the reserve again. Where there is no other place for it, that of *fd is: then *fd is closed, and -1. */
void handover_keep(struct handover *handover, int *fd);
/* The same where the fd isn't needed any more; foreign: another process may have made it. */
void handover_close_fd(struct handover *handover, int fd);
void handover_close_foreign(struct handover *handover, int fd);
/* The end of the socket by which a process hands them over: what lies there was made by it, and is closed with care. -1: there is none. */
void handover_hang_up(struct handover *handover, int *socket);

#endif
