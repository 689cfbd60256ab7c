/* stepper.h: the protocol of the stepper, which has a step and a select of its own. */
#ifndef TRACTOR_TESTS_STEPPER_H
#define TRACTOR_TESTS_STEPPER_H

#include <tractor/protocol.h>

#include "probe.h"

/* Prints "blocked" and waits at the gate: what happens meanwhile is ready together. */
#define STEPPER_PAUSE(FIELD) FIELD(str, gate)
/* Asks `to` to hold at `gate`, and keeps the future for its select. */
#define STEPPER_FETCH(FIELD) FIELD(probe_ref, to) FIELD(str, gate) FIELD(int64, value)
/* Prints "note <n>". */
#define STEPPER_NOTE(FIELD) FIELD(int64, n)

#define STEPPER_PROTOCOL(TELL, ASK)                      \
	TELL(stepper, pause, STEPPER_PAUSE)              \
	ASK(stepper, fetch, STEPPER_FETCH, tractor_none) \
	TELL(stepper, note, STEPPER_NOTE)
TRACTOR_PROTOCOL(stepper, STEPPER_PROTOCOL);

#endif
