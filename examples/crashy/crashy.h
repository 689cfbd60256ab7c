/* crashy.h: the protocols of crashy, who crashes on request, and of the ticker beside it. */
#ifndef CRASHY_H
#define CRASHY_H

#include <tractor/protocol.h>

#define CRASHY_NOTHING(FIELD)
#define CRASHY_PANIC(FIELD) FIELD(str, text)
#define CRASHY_DEATHS(FIELD) \
	FIELD(uint64, count) \
	FIELD(str, last) /* "signal in crashy.null_dereference" */
TRACTOR_RECORD(crashy_deaths, CRASHY_DEATHS);

#define CRASHY_PROTOCOL(TELL, ASK)                     \
	TELL(crashy, null_dereference, CRASHY_NOTHING) \
	TELL(crashy, stack_overflow, CRASHY_NOTHING)   \
	TELL(crashy, division_by_zero, CRASHY_NOTHING) \
	TELL(crashy, heap_corruption, CRASHY_NOTHING)  \
	TELL(crashy, endless_loop, CRASHY_NOTHING)     \
	TELL(crashy, exit, CRASHY_NOTHING)             \
	TELL(crashy, panic, CRASHY_PANIC)              \
	ASK(crashy, history, CRASHY_NOTHING, crashy_deaths)
TRACTOR_PROTOCOL(crashy, CRASHY_PROTOCOL);

#define TICKER_TICK(FIELD)
#define TICKER_GET(FIELD)
#define TICKER_TICKS(FIELD) FIELD(uint64, ticks)
TRACTOR_RECORD(ticker_ticks, TICKER_TICKS);

#define TICKER_PROTOCOL(TELL, ASK)      \
	TELL(ticker, tick, TICKER_TICK) \
	ASK(ticker, get, TICKER_GET, ticker_ticks)
TRACTOR_PROTOCOL(ticker, TICKER_PROTOCOL);

#endif
