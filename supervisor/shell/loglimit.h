/*
 * loglimit.h: how many lines an actor may print: a token bucket. A line takes a token, `rate` come back each second, up to `burst`. Once it is empty it stays shut until a second's
 * worth is there: what gets through of a flood are whole stretches with one remark between two of them, and not single lines from anywhere.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOGLIMIT_H
#define TRACTOR_SUPERVISOR_SHELL_LOGLIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "spec.h"

/* One actor's; all zero: full. */
struct loglimit {
	int64_t tokens_n; /* billionths of a token */
	int64_t since_ns; /* of when that is */
	bool begun, shut;
	uint64_t
		suppressed; /* lines that were not let through, and that nobody has told of yet; whoever tells sets it to 0 */
};

/* One more line. False: it is suppressed, and counted. `now_ns` must not be before that of the last call. */
bool loglimit_pass(struct loglimit *limit, const struct spec_log *log, int64_t now_ns);

/* Whether a line would be let through. */
bool loglimit_is_open(struct loglimit *limit, const struct spec_log *log, int64_t now_ns);

/* When it will be open again, seen from the last call. */
int64_t loglimit_opens_ns(const struct loglimit *limit, const struct spec_log *log);

#endif
