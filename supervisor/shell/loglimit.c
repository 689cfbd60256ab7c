/*
 * loglimit.c: the token bucket of an actor's lines. Pure: it is told the time, and the limits, which may be others each time. Nothing here can fail.
 */
#include "loglimit.h"

#define TOKEN_N \
	INT64_C(1000000000) /* so a rate is billionths a nanosecond, and nothing is lost in rounding */

static int64_t
full_n(const struct spec_log *log)
{
	return log->burst * TOKEN_N;
}

/* What must be there before a shut one opens. */
static int64_t
opening_n(const struct spec_log *log)
{
	return (log->rate < log->burst ? log->rate : log->burst) * TOKEN_N;
}

static void
fill(struct loglimit *limit, const struct spec_log *log, int64_t now_ns)
{
	int64_t most_n = full_n(log), past_ns = now_ns - limit->since_ns;

	limit->since_ns = now_ns;
	if (!limit->begun || past_ns > most_n / log->rate)
		limit->tokens_n = most_n;
	else
		limit->tokens_n += past_ns * log->rate;
	if (limit->tokens_n > most_n)
		limit->tokens_n = most_n;
	limit->begun = true;
}

bool
loglimit_is_open(struct loglimit *limit, const struct spec_log *log, int64_t now_ns)
{
	if (log->rate == 0) {
		*limit = (struct loglimit){ .suppressed = limit->suppressed };
		return true;
	}
	fill(limit, log, now_ns);
	limit->shut = limit->tokens_n < (limit->shut ? opening_n(log) : TOKEN_N);
	return !limit->shut;
}

bool
loglimit_pass(struct loglimit *limit, const struct spec_log *log, int64_t now_ns)
{
	if (!loglimit_is_open(limit, log, now_ns)) {
		limit->suppressed++;
		return false;
	}
	if (log->rate != 0)
		limit->tokens_n -= TOKEN_N;
	return true;
}

int64_t
loglimit_opens_ns(const struct loglimit *limit, const struct spec_log *log)
{
	int64_t missing_n = opening_n(log) - limit->tokens_n;

	if (log->rate == 0 || !limit->shut || missing_n <= 0)
		return limit->since_ns;
	return limit->since_ns + (missing_n + log->rate - 1) / log->rate;
}
