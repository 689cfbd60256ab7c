/*
 * intensity.c: owns the list of restarts of one supervisor. The rule is OTP's (supervisor.erl, add_restart): drop the entries that
 * are older than the period, add now, give up if there are more than `intensity`. An entry that is exactly as old as the
 * period still counts.
 *
 * It knows nothing of trees. What goes wrong: memory, in intensity_init() only.
 */
#include "intensity.h"

#include <stdlib.h>

#include "assert.h"

tractor_err
intensity_init(struct intensity *intensity, unsigned limit, int64_t period_ns)
{
	size_t capacity = (size_t)limit + 1;
	int64_t *times = calloc(capacity, sizeof(*times));

	if (times == NULL)
		return TRACTOR_ENOMEM;
	*intensity = (struct intensity){
		.times = times, .capacity = capacity, .limit = limit, .period_ns = period_ns
	};
	return TRACTOR_OK;
}

void
intensity_free(struct intensity *intensity)
{
	if (intensity == NULL)
		return;
	free(intensity->times);
	*intensity = (struct intensity){ 0 };
}

void
intensity_clear(struct intensity *intensity)
{
	intensity->first = 0;
	intensity->count = 0;
}

static bool
outside(const struct intensity *intensity, int64_t time_ns, int64_t now_ns)
{
	return now_ns - time_ns > intensity->period_ns;
}

static void
drop_oldest(struct intensity *intensity)
{
	tri_assert(intensity->capacity > 0); /* there is an oldest one */
	intensity->first = (intensity->first + 1) % intensity->capacity;
	intensity->count--;
}

static void
append(struct intensity *intensity, int64_t time_ns)
{
	if (intensity->count == intensity->capacity)
		drop_oldest(intensity);
	intensity->times[(intensity->first + intensity->count++) % intensity->capacity] = time_ns;
}

bool
intensity_add(struct intensity *intensity, int64_t now_ns)
{
	while (intensity->count > 0 && outside(intensity, intensity->times[intensity->first], now_ns))
		drop_oldest(intensity);
	append(intensity, now_ns);
	return intensity->count <= intensity->limit;
}

void
intensity_carry(const struct intensity *from, struct intensity *to)
{
	for (size_t i = 0; i < from->count; i++)
		append(to, from->times[(from->first + i) % from->capacity]);
}

unsigned
intensity_count(const struct intensity *intensity, int64_t now_ns)
{
	size_t past = 0;

	while (past < intensity->count &&
		outside(intensity, intensity->times[(intensity->first + past) % intensity->capacity], now_ns))
		past++;
	return (unsigned)(intensity->count - past);
}
