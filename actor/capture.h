/* capture.h: what an actor notes of its own death by a signal or by exit(). */
#ifndef TRACTOR_ACTOR_CAPTURE_H
#define TRACTOR_ACTOR_CAPTURE_H

#include "blackbox.h"

/*
 * From now on a fatal signal of this process fills box->fault in, on a signal stack of its own, and then kills it as the signal would have
 * done; an exit() in the middle of a handler is noted. Once per process; `box` must stay mapped until the end. TRACTOR_ESYSTEM: no memory.
 */
tractor_err tri_capture_install(struct tri_blackbox *box);

#endif
