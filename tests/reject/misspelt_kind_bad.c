/* A field is of a kind that does not exist. */
/* expect: error.*tractor_field_int46 */
#include <tractor/protocol.h>

#define COUNTER_TOTAL(FIELD) FIELD(int46, total)
TRACTOR_RECORD(counter_total, COUNTER_TOTAL);

int use(const struct counter_total *total);

int
use(const struct counter_total *total)
{
	return total->total != 0;
}
