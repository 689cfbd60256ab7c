/*
 * rest.c: what is demanded of the tree when nobody does it harm any more: liveness, and soon. It is looked at round after round until one finds nothing amiss; what the last round found is
 * what is complained of if none does in time.
 */
#include "driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* From the worst moment to all well: backlogs of some hundred messages, restarts of some ms, a supervisor that comes back to what the host refused it within seconds. */
#define REST_MS 60000
#define ANSWER_MS 5000 /* for one ask, of somebody who has nothing else to do */
#define PAUSE_MS 50

struct look {
	struct driver *driver;
	bool is_last; /* complains of what it finds; else finding something is enough */
	const char *when;
	unsigned amiss;
};

static void amiss(struct look *look, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
amiss(struct look *look, const char *format, ...)
{
	char what[256];
	va_list arguments;

	look->amiss++;
	if (!look->is_last)
		return;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	complain(look->driver, "%s: %s", look->when, what);
}

static void
look_at_senders(struct look *look)
{
	for (unsigned i = 0; i < MEMBER_COUNT; i++) {
		const struct ledger *ledger = look->driver->ledgers[i];
		if (members[i].sends && !atomic_load(&ledger->resting))
			amiss(look, "%s does not come to rest", members[i].path);
		if (atomic_load(&ledger->asking_since_ns) != 0)
			amiss(look, "%s is in an ask", members[i].path);
	}
}

static void
look_at_status(struct look *look, struct tree_seen *ret_seen)
{
	if (!watch_status(ret_seen)) {
		amiss(look, "the supervisor gives no status");
		return;
	}
	for (unsigned i = 0; i < MEMBER_COUNT; i++) {
		const struct member_seen *member = &ret_seen->members[i];
		if (strcmp(member->state, "running") != 0)
			amiss(look, "%s is %s: %s", members[i].path,
				*member->state ? member->state : "not there", member->why);
		if (member->waiting != 0)
			amiss(look, "%s has %ld messages waiting", members[i].path, member->waiting);
	}
}

static void
look_at_children(struct look *look, const struct tree_seen *seen)
{
	pid_t pids[CHILDREN_MAX];
	size_t count = watch_children(look->driver, pids, CHILDREN_MAX);

	if (count != MEMBER_COUNT)
		amiss(look, "the supervisor has %zu children, not %d", count, MEMBER_COUNT);
	for (size_t i = 0; i < count; i++) {
		unsigned who = 0;
		while (who < MEMBER_COUNT && seen->members[who].pid != pids[i])
			who++;
		if (who == MEMBER_COUNT || watch_state_of(pids[i]) == 'Z')
			amiss(look, "the supervisor's child %d is %s", pids[i],
				who == MEMBER_COUNT ? "none of its actors" : "a zombie");
	}
}

/* By the very process that the supervisor says it is. */
static void
ask(struct look *look, const struct tree_seen *seen, unsigned who)
{
	json_t *life = watch_command(
		"ask %s soak.well --timeout %ums 2>&1", members[who].path, ANSWER_MS * look->driver->scale);
	pid_t process = (pid_t)json_integer_value(json_object_get(life, "process"));

	if (!life)
		amiss(look, "%s does not answer", members[who].path);
	else if (process != seen->members[who].pid)
		amiss(look, "%s is answered for by process %d, not %d", members[who].path, process,
			seen->members[who].pid);
	json_decref(life);
}

/* Cheap questions first: while they find something there is no need for the others, but in the last round. */
static bool
is_well(struct look *look)
{
	struct tree_seen seen = { .actors = 0 };

	look->amiss = 0;
	look_at_senders(look);
	if (look->amiss == 0 || look->is_last)
		look_at_status(look, &seen);
	if (look->amiss == 0 || look->is_last)
		look_at_children(look, &seen);
	for (unsigned who = 0; (look->amiss == 0 || look->is_last) && who < MEMBER_COUNT; who++)
		ask(look, &seen, who);
	return look->amiss == 0;
}

bool
rest_whole(struct driver *driver, const char *when)
{
	uint64_t until_ns = until_ns_of(driver, REST_MS);
	struct look look = { .driver = driver, .when = when };

	while (ledger_now_ns() < until_ns) {
		if (!watch_is_alive(driver))
			return false;
		if (is_well(&look)) {
			bound_all_well(driver->bound);
			taken_check(driver->taken, when);
			return true;
		}
		sleep_ms(PAUSE_MS);
	}
	look.is_last = true;
	complain(driver, "%s: the tree is not whole within %u ms", when, REST_MS * driver->scale);
	is_well(&look);
	watch_save(driver, "not-whole");
	return false;
}
