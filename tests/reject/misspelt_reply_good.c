/* A reply is of a record that does not exist. */
#include <tractor/protocol.h>

#define COUNTER_TOTAL(FIELD) FIELD(int64, total)
TRACTOR_RECORD(counter_total, COUNTER_TOTAL);

#define COUNTER_GET(FIELD)
#define COUNTER_PROTOCOL(TELL, ASK) ASK(counter, get, COUNTER_GET, counter_total)
TRACTOR_PROTOCOL(counter, COUNTER_PROTOCOL);

counter_ref use(counter_ref counter);

counter_ref
use(counter_ref counter)
{
	return counter;
}
