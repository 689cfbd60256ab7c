/* counter.h: the counter's protocol. Included by the counter and by everyone who talks to it. */
#ifndef COUNTER_H
#define COUNTER_H

#include <tractor/protocol.h>

#define COUNTER_INCREMENT(FIELD) FIELD(int64, by) /* how much to add; may be negative */
#define COUNTER_GET(FIELD)
#define COUNTER_TOTAL(FIELD) FIELD(int64, total)
TRACTOR_RECORD(counter_total, COUNTER_TOTAL); /* struct counter_total: the reply to get */

#define COUNTER_PROTOCOL(TELL, ASK)                 \
	TELL(counter, increment, COUNTER_INCREMENT) \
	ASK(counter, get, COUNTER_GET, counter_total)
TRACTOR_PROTOCOL(counter, COUNTER_PROTOCOL);

#endif
