/* victim.h: an actor that can be made to end in every way there is, and that otherwise keeps account of what reached it. */
#ifndef TRACTOR_TESTS_SCENARIO_VICTIM_H
#define TRACTOR_TESTS_SCENARIO_VICTIM_H

#include <tractor/protocol.h>

#define VICTIM_DIE(FIELD) FIELD(str, how) FIELD(int32, number)
#define VICTIM_NOTE(FIELD) FIELD(int64, number)
#define VICTIM_NAP(FIELD) FIELD(int64, ms)			       /* of a nap SIGUSR1 is the end, too */
#define VICTIM_LEAVE(FIELD) FIELD(bool, own_group) FIELD(str, command) /* a process behind: sh -c COMMAND */
#define VICTIM_ARG(FIELD) FIELD(str, name)			       /* what it was started with */
#define VICTIM_NOTHING(FIELD)
#define VICTIM_PONG(FIELD) FIELD(int64, pid) FIELD(uint32, incarnation)
TRACTOR_RECORD(victim_pong, VICTIM_PONG);
#define VICTIM_NOTEBOOK(FIELD) FIELD(list_int64, numbers)
TRACTOR_RECORD(victim_notebook, VICTIM_NOTEBOOK);
#define VICTIM_LEFT(FIELD) FIELD(int64, pid)
TRACTOR_RECORD(victim_left, VICTIM_LEFT);
#define VICTIM_VALUE(FIELD) FIELD(str, text)
TRACTOR_RECORD(victim_value, VICTIM_VALUE);

#define VICTIM_PROTOCOL(TELL, ASK)                          \
	TELL(victim, die, VICTIM_DIE)                       \
	TELL(victim, note, VICTIM_NOTE)                     \
	TELL(victim, nap, VICTIM_NAP)                       \
	ASK(victim, perish, VICTIM_DIE, tractor_none)       \
	ASK(victim, rest, VICTIM_NAP, victim_pong)          \
	ASK(victim, ping, VICTIM_NOTHING, victim_pong)      \
	ASK(victim, noted, VICTIM_NOTHING, victim_notebook) \
	ASK(victim, leave, VICTIM_LEAVE, victim_left)       \
	ASK(victim, arg, VICTIM_ARG, victim_value)          \
	ASK(victim, echo, VICTIM_VALUE, victim_value)
TRACTOR_PROTOCOL(victim, VICTIM_PROTOCOL);

#endif
