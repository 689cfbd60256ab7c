/* An actor lacks the handler of a message that it says it serves. */
/* expect: undefined reference to .?reader_on_get */
#include <tractor/actor.h>

#include "protocols.h"

struct reader {
	counter_ref counter;
};
#define TRACTOR_STATE struct reader
TRACTOR_SERVE(reader, READER_PROTOCOL);

TRACTOR_MAIN(reader, .serves = TRACTOR_SERVES(reader));
