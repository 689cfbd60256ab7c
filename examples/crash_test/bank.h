/* bank.h: a little bank's protocols: accounts that money is put into, and a teller that moves it from one to the other. */
#ifndef CRASH_TEST_BANK_H
#define CRASH_TEST_BANK_H

#include <tractor/protocol.h>

#define BANK_OPENING 1000 /* what is in an account at first */

#define ACCOUNT_PUT(FIELD) FIELD(int64, amount) /* may be negative */
#define ACCOUNT_NOTHING(FIELD)
#define ACCOUNT_MONEY(FIELD) FIELD(int64, amount)
TRACTOR_RECORD(account_money, ACCOUNT_MONEY);
#define ACCOUNT_PROTOCOL(TELL, ASK)     \
	TELL(account, put, ACCOUNT_PUT) \
	ASK(account, balance, ACCOUNT_NOTHING, account_money)
TRACTOR_PROTOCOL(account, ACCOUNT_PROTOCOL);

#define TELLER_TRANSFER(FIELD) FIELD(int64, amount) /* from alice to bob */
#define TELLER_PROTOCOL(TELL, ASK) TELL(teller, transfer, TELLER_TRANSFER)
TRACTOR_PROTOCOL(teller, TELLER_PROTOCOL);

#endif
