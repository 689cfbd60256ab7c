/* hub.h: the hub's protocol: who wants to hear of events, and what has happened. */
#ifndef HUB_H
#define HUB_H

#include <tractor/protocol.h>

#include "listener.h"

#define HUB_SUBSCRIBE(FIELD)                                                      \
	FIELD(listener_ref, listener) /* subscribing twice is subscribing once */ \
	FIELD(str, name)
#define HUB_PUBLISH(FIELD) FIELD(str, text)

#define HUB_PROTOCOL(TELL, ASK)                          \
	ASK(hub, subscribe, HUB_SUBSCRIBE, tractor_none) \
	TELL(hub, publish, HUB_PUBLISH)
TRACTOR_PROTOCOL(hub, HUB_PROTOCOL);

#endif
