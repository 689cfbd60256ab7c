/*
 * drift.h: one header in three versions, as programs that were built at different times have it. DRIFT_VERSION: 1 as it
 * was at first, 2 with another field in `level`, 3 as 1 and with one more message.
 */
#ifndef TRACTOR_TESTS_DRIFT_H
#define TRACTOR_TESTS_DRIFT_H

#include <tractor/protocol.h>

#define DRIFT_VALUE(FIELD) FIELD(int64, value)
TRACTOR_RECORD(drift_value, DRIFT_VALUE);

#if DRIFT_VERSION == 2
#define DRIFT_LEVEL(FIELD) FIELD(int32, metres)
#else
#define DRIFT_LEVEL(FIELD) FIELD(int64, metres)
#endif

#define DRIFT_SAME(FIELD) FIELD(int64, value)

#if DRIFT_VERSION == 3
#define DRIFT_EXTRA(FIELD)
#define DRIFT_MORE(TELL, ASK) ASK(drift, extra, DRIFT_EXTRA, drift_value)
#else
#define DRIFT_MORE(TELL, ASK)
#endif

#define DRIFT_PROTOCOL(TELL, ASK)                   \
	ASK(drift, level, DRIFT_LEVEL, drift_value) \
	ASK(drift, same, DRIFT_SAME, drift_value)   \
	DRIFT_MORE(TELL, ASK)
TRACTOR_PROTOCOL(drift, DRIFT_PROTOCOL);

#endif
