/* loop.h: one epoll, and the clock that everything under it sees. */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOOP_H
#define TRACTOR_SUPERVISOR_SHELL_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include <tractor/error.h>

#include "timers.h"

#define LOOP_BATCH 64

/* An fd and who cares for it. Embedded in its owner, who must unwatch it before either ends. */
struct watch {
	int fd; /* -1: not watched */
	void (*ready)(void *arg, uint32_t epoll_events);
	void *arg;
};

/* Something that is due. Embedded in its owner, who must disarm it before it ends. */
struct alarm {
	struct timer timer;
	void (*due)(void *arg);
	void *arg;
};

struct loop {
	int epoll;
	struct timers timers;
	int64_t now_ns; /* CLOCK_MONOTONIC as of the last wake-up: one moment for all that it caused */
	int64_t foreign_until_ns; /* a foreign loop will wake us then at the latest; 0: there is none */
	struct epoll_event events[LOOP_BATCH]; /* found, not yet served */
	int event_count;
	struct watch *batch[LOOP_BATCH]; /* being served */
	int batch_count;
};

/* TRACTOR_ESYSTEM: no fd. */
tractor_err loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/* Calls watch->ready(watch->arg) whenever one of `epoll_events` is there. TRACTOR_ESYSTEM, TRACTOR_EINVAL (a file can't be waited for). */
tractor_err loop_watch(struct loop *loop, struct watch *watch, int fd, uint32_t epoll_events);
/* Other events for a watched fd. */
tractor_err loop_rewatch(struct loop *loop, struct watch *watch, uint32_t epoll_events);
/* Also right if it isn't watched, or was never set up but for zeroes and fd -1. It will not be called any more, not even for what is already known. */
void loop_unwatch(struct loop *loop, struct watch *watch);

/* Room for `count` more alarms, so that arming can't fail. Each owner reserves its own when it is made and gives it back when it ends. */
tractor_err loop_reserve(struct loop *loop, int count);

/* Calls alarm->due(alarm->arg) at `at_ns`; armed anew if it is armed. */
void loop_arm(struct loop *loop, struct alarm *alarm, int64_t at_ns);
void loop_disarm(struct loop *loop, struct alarm *alarm);

/*
 * Waits until something happens, at the latest until `until_ns` (INT64_MAX: no limit; in the past: doesn't wait). *ret_lost_ns: for how long this process was
 * stopped, or away from the loop, beyond what it had meant to be: to be given back to every deadline before loop_serve() tells anybody of anything. Alarms
 * are shifted already. TRACTOR_ESYSTEM: epoll itself failed.
 */
tractor_err loop_sleep(struct loop *loop, int64_t until_ns, int64_t *ret_lost_ns);
/* Tells those whom it concerns what loop_sleep() found, and those that are due. True if there was anybody. */
bool loop_serve(struct loop *loop);
/* It is `now_ns`, for a caller that has come back from elsewhere; gives what was lost, as above. */
int64_t loop_refresh(struct loop *loop, int64_t now_ns);

#endif
