/*
 * listener.h: what one must understand to hear of events, and no more. A listener_ref is the narrow ref that the
 * hub is given: whoever holds it can tell an actor of an event, and can do nothing else with it.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <tractor/protocol.h>

#define LISTENER_EVENT(FIELD)                                      \
	FIELD(uint64, number) /* 1, 2, 3, ... as the hub counts */ \
	FIELD(str, text)

#define LISTENER_PROTOCOL(TELL, ASK) TELL(listener, event, LISTENER_EVENT)
TRACTOR_PROTOCOL(listener, LISTENER_PROTOCOL);

#endif
