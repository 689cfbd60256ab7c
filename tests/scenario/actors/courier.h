/* courier.h: an actor that sends a victim what it is told to, and says what came of it. */
#ifndef TRACTOR_TESTS_SCENARIO_COURIER_H
#define TRACTOR_TESTS_SCENARIO_COURIER_H

#include "victim.h"

#define COURIER_KILL(FIELD) FIELD(victim_ref, who) FIELD(str, how) FIELD(int32, number)
#define COURIER_ASKING(FIELD) FIELD(victim_ref, who) FIELD(int64, ms) FIELD(int64, timeout_ms)
#define COURIER_NOTES(FIELD) FIELD(victim_ref, who) FIELD(int64, first) FIELD(int64, count)
#define COURIER_OUTCOME(FIELD) FIELD(str, err) FIELD(int64, count) FIELD(int64, took_ms)
TRACTOR_RECORD(courier_outcome, COURIER_OUTCOME);

#define COURIER_PROTOCOL(TELL, ASK)                         \
	ASK(courier, kill, COURIER_KILL, courier_outcome)   \
	ASK(courier, ask, COURIER_ASKING, courier_outcome)  \
	ASK(courier, ping, COURIER_ASKING, courier_outcome) \
	ASK(courier, notes, COURIER_NOTES, courier_outcome) \
	ASK(courier, try_notes, COURIER_NOTES, courier_outcome)
TRACTOR_PROTOCOL(courier, COURIER_PROTOCOL);

#endif
