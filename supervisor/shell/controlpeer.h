/*
 * controlpeer.h: one connection of the control socket, and what the socket is made of. For controlsocket.c and controlpeer.c only.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_CONTROLPEER_H
#define TRACTOR_SUPERVISOR_SHELL_CONTROLPEER_H

#include "bytequeue.h"
#include "controlsocket.h"

#define CONTROLPEER_UNSET INT64_MIN
#define CONTROLPEER_NOT_WATCHED UINT32_MAX

enum controlpeer_state {
	CONTROLPEER_FREE,
	CONTROLPEER_READING, /* no complete request yet */
	CONTROLPEER_PENDING, /* the handler has it */
	CONTROLPEER_ENDING,  /* the last line is queued; closed when it is sent */
};

/* A slot of the socket's fixed array. All zero, but for `control` and fd -1: free. */
struct controlpeer {
	struct control_request request; /* first: connections are found by it */
	struct control *control;
	enum controlpeer_state state;
	int fd;
	uint32_t watched; /* events; NOT_WATCHED: the host has not let us yet */
	bool dropped;	  /* to be closed at the next opportunity: it is gone, or might as well be */
	bool over;	  /* PENDING: the last line is queued already, the handler doesn't know yet */
	bool refused;	  /* by the host, which is asked again at retry_ns */
	int64_t retry_ns; /* UNSET: CONTROL_RETRY_NS after the next tick */
	int64_t since_ns; /* READING, ENDING: for CONTROL_IDLE_NS; UNSET: since the next tick */
	struct bytequeue input, output;
};

struct control {
	const struct control_ops *ops;
	void *arg;
	char *path;
	int listener;
	int reserve[CONTROL_RESERVE_COUNT]; /* fds to be given up for who knocks when no other is left */
	int64_t paused_until_ns;	    /* UNSET: the listener is watched */
	unsigned tags
		[1 + CONTROL_CONNECTIONS_MAX]; /* each holds its own index: first the listener's, then the peers' */
	struct controlpeer peers[CONTROL_CONNECTIONS_MAX];
};

/* In controlsocket.c: as many fds in reserve as can be had. */
void control_keep_reserve(struct control *control);

/* Takes over `fd`, non-blocking, into a free slot. */
void controlpeer_admit(struct controlpeer *peer, int fd, int64_t now_ns);

/* A last line to somebody who has no slot, as far as the socket takes it; closes `fd`. */
void controlpeer_refuse(int fd, enum control_code code, const char *error);

/* Ends it with a last line, if it hasn't been sent one; `error` is for that. A handler that has its request hears `gone`. A free slot is left alone. */
void controlpeer_part(struct controlpeer *peer, enum control_code code, const char *error);

/* The same, and closes it: the line is sent as far as the socket takes it. */
void controlpeer_shut(struct controlpeer *peer, enum control_code code, const char *error);

/* Tries again to send what is there. */
void controlpeer_go_on(struct controlpeer *peer);

/* Something happened at its fd, or at that of the slot's last user. */
void controlpeer_ready(struct controlpeer *peer);

/* See control_tick(), control_next_ns(). */
void controlpeer_tick(struct controlpeer *peer, int64_t now_ns);
int64_t controlpeer_next_ns(const struct controlpeer *peer);

#endif
