/* customer.h: the protocol of the pool's customer, beside the receipts that it gets: it can be kept busy. */
#ifndef TRACTOR_TESTS_CUSTOMER_H
#define TRACTOR_TESTS_CUSTOMER_H

#include <tractor/protocol.h>

#define CUSTOMER_BLOCK(FIELD) FIELD(str, gate)

#define CUSTOMER_SETTLE(FIELD)

#define CUSTOMER_PROTOCOL(TELL, ASK)          \
	TELL(customer, block, CUSTOMER_BLOCK) \
	ASK(customer, settle, CUSTOMER_SETTLE, tractor_none) /* all that it was told before is done */
TRACTOR_PROTOCOL(customer, CUSTOMER_PROTOCOL);

#endif
