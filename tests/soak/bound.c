/*
 * bound.c: how many faults at a time the tree is built for, and how many there are. All that bounds the nemesis is here:
 *
 * - Every supervisor may have as many of the actors below it struck as its intensity allows, each from the strike until its period after the actor was seen well again. Whatever
 *   the supervisor counts, it counts between these two moments, and no strike makes it count twice: so none may ever give up, on however slow a machine.
 * - No more than half of the tree's actors are ill at a time, so that there is somebody to talk to.
 * - The process that supervises has one fault at a time, counts as one of the ill, and is then left alone for the root's period.
 * - While memory is taken from it nobody else is ill: whom it starts meanwhile would have none either, and fail again and again.
 *
 * Intensities, periods and children are those of the running tree. An actor that was killed is well when another process of it has started; one that was only hindered, when it has what
 * was taken from it and has done something with it.
 */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 64
#define LIMITS_MAX 16
#define ILLS_MAX 2048
#define ILL_ACTORS_MAX (MEMBER_COUNT / 2)
/* The supervisor counts by a clock that it reads once a turn, and it may be stopped in the middle of one. */
#define TURN_NS UINT64_C(1500000000)

enum ill_state {
	ILL_NONE, /* a free place */
	ILL_PLANTED,
	ILL_STRUCK,
	ILL_HINDERED,
	ILL_RELEASED,
	ILL_WELL, /* since well_ns */
};

struct ill {
	enum ill_state state;
	unsigned who;
	pid_t pid;	/* that was struck; any other one that has started shows that it is well again, ... */
	pid_t before;	/* ... but for the one that had started last then */
	uint32_t turns; /* at the release */
	uint64_t well_ns;
	bool alone; /* nobody else may be ill meanwhile */
};

struct bound {
	struct driver *driver;
	struct limit {
		char path[PATH_BYTES];
		unsigned intensity;
		uint64_t period_ns;
	} limits[LIMITS_MAX]; /* the first is the root's */
	unsigned limit_count;
	struct ill ills[ILLS_MAX];
	struct struck {
		pid_t pid;
		unsigned deeds;
	} * struck; /* in this storm */
	size_t struck_count;
};

/* --- what the tree is built for --- */

/* "5s", "500ms", "1m". */
static uint64_t
period_ns_of(const char *text)
{
	char *unit;
	uint64_t count = strtoul(text, &unit, 10);

	if (strcmp(unit, "ms") == 0)
		return count * 1000000;
	return count * (strcmp(unit, "m") == 0 ? 60 : 1) * 1000000000;
}

static bool
read_limit(struct limit *limit)
{
	json_t *answer = watch_command("spec --json %s", limit->path);
	const json_t *spec = json_object_get(answer, "spec");
	const char *period = json_string_value(json_object_get(spec, "period"));

	limit->intensity = (unsigned)json_integer_value(json_object_get(spec, "intensity"));
	limit->period_ns = period ? period_ns_of(period) : 0;
	json_decref(answer);
	return limit->intensity > 0 && limit->period_ns > 0;
}

static bool
is_above(const struct limit *limit, unsigned who)
{
	size_t length = strlen(limit->path);

	return who == SUPERVISOR ||
	       (strncmp(members[who].path, limit->path, length) == 0 && members[who].path[length] == '/');
}

/* The supervisor whose path is the first `length` characters, unless it is known. */
static bool
add_limit(struct bound *bound, const char *path, size_t length)
{
	struct limit *limit = &bound->limits[bound->limit_count];

	for (unsigned i = 0; i < bound->limit_count; i++)
		if (strlen(bound->limits[i].path) == length &&
			strncmp(bound->limits[i].path, path, length) == 0)
			return true;
	if (bound->limit_count == LIMITS_MAX || length >= PATH_BYTES)
		return false;
	snprintf(limit->path, sizeof(limit->path), "%.*s", (int)length, path);
	bound->limit_count++;
	return read_limit(limit);
}

static bool
read_limits(struct bound *bound)
{
	for (unsigned who = 0; who < MEMBER_COUNT; who++) {
		const char *path = members[who].path;
		for (const char *end = path; (end = strchr(end + 1, '/'));)
			if (!add_limit(bound, path, (size_t)(end - path)))
				return false;
	}
	return true;
}

struct bound *
bound_new(struct driver *driver)
{
	struct bound *bound = calloc(1, sizeof(*bound));

	if (!bound)
		return NULL;
	bound->driver = driver;
	if (read_limits(bound))
		return bound;
	bound_free(bound);
	return NULL;
}

void
bound_free(struct bound *bound)
{
	if (bound)
		free(bound->struck);
	free(bound);
}

/* --- how many there are --- */

static bool
is_ill(const struct ill *ill)
{
	return ill->state != ILL_NONE && ill->state != ILL_WELL;
}

static bool
counts(const struct ill *ill, const struct limit *limit, uint64_t now_ns)
{
	return is_ill(ill) || (ill->state == ILL_WELL && now_ns < ill->well_ns + limit->period_ns + TURN_NS);
}

static unsigned
count_below(const struct bound *bound, const struct limit *limit)
{
	uint64_t now_ns = ledger_now_ns();
	unsigned count = 0;

	for (const struct ill *ill = bound->ills; ill < bound->ills + ILLS_MAX; ill++)
		count += ill->who != SUPERVISOR && counts(ill, limit, now_ns) && is_above(limit, ill->who);
	return count;
}

/* Whether one more would be too many of them ill at a time: several faults of one actor make it no more ill. */
static bool
too_many_ill(const struct bound *bound, unsigned who)
{
	bool is[MEMBER_COUNT + 1] = { [SUPERVISOR] = false };
	unsigned count = 0;

	for (const struct ill *ill = bound->ills; ill < bound->ills + ILLS_MAX; ill++)
		if (is_ill(ill))
			is[ill->who] = true;
	for (unsigned i = 0; i <= MEMBER_COUNT; i++)
		count += is[i];
	return !is[who] && count >= ILL_ACTORS_MAX;
}

static bool
supervisor_may_be_struck(const struct bound *bound)
{
	uint64_t now_ns = ledger_now_ns();

	for (const struct ill *ill = bound->ills; ill < bound->ills + ILLS_MAX; ill++)
		if (ill->who == SUPERVISOR && counts(ill, &bound->limits[0], now_ns))
			return false;
	return true;
}

static bool
wants_to_be_alone(unsigned who, const struct way *way)
{
	return who == SUPERVISOR && way->deed == DEED_MEMORY;
}

static bool
disturbs(const struct bound *bound, unsigned who, const struct way *way)
{
	for (const struct ill *ill = bound->ills; ill < bound->ills + ILLS_MAX; ill++)
		if (is_ill(ill) && (ill->alone || wants_to_be_alone(who, way)))
			return true;
	return false;
}

bool
bound_allows(const struct bound *bound, unsigned who, const struct way *way)
{
	if (too_many_ill(bound, who) || disturbs(bound, who, way))
		return false;
	if (who == SUPERVISOR)
		return supervisor_may_be_struck(bound);
	for (unsigned i = 0; i < bound->limit_count; i++)
		if (is_above(&bound->limits[i], who) &&
			count_below(bound, &bound->limits[i]) >= bound->limits[i].intensity)
			return false;
	return true;
}

/* --- from the strike until it is well --- */

static bool
note_struck(struct bound *bound, pid_t pid, enum deed deed)
{
	struct struck *grown = realloc(bound->struck, (bound->struck_count + 1) * sizeof(*grown));

	if (!grown)
		return false;
	bound->struck = grown;
	grown[bound->struck_count++] = (struct struck){ .pid = pid, .deeds = 1u << deed };
	return true;
}

unsigned
bound_deeds(const struct bound *bound, pid_t pid)
{
	unsigned deeds = 0;

	for (size_t i = 0; i < bound->struck_count; i++)
		if (bound->struck[i].pid == pid)
			deeds |= bound->struck[i].deeds;
	return deeds;
}

void
bound_forget_deeds(struct bound *bound)
{
	bound->struck_count = 0;
}

static bool
is_free(const struct bound *bound, const struct ill *ill, uint64_t now_ns)
{
	for (unsigned i = 0; i < bound->limit_count; i++)
		if (counts(ill, &bound->limits[i], now_ns))
			return false;
	return true;
}

struct ill *
bound_struck(struct bound *bound, unsigned who, pid_t pid, const struct way *way)
{
	uint64_t now_ns = ledger_now_ns();
	struct ill *ill = bound->ills;

	while (ill < bound->ills + ILLS_MAX && !is_free(bound, ill, now_ns))
		ill++;
	if (ill == bound->ills + ILLS_MAX || (pid > 0 && !note_struck(bound, pid, way->deed)))
		return NULL;
	*ill = (struct ill){ .who = who,
		.pid = pid,
		.alone = wants_to_be_alone(who, way),
		.before = who == SUPERVISOR ? 0 : atomic_load(&bound->driver->ledgers[who]->process),
		.state = way->deed == DEED_FAULT ? ILL_PLANTED
			 : way_kills(way)	 ? ILL_STRUCK
						 : ILL_HINDERED };
	return ill;
}

void
bound_missed(struct ill *ill)
{
	ill->state = ILL_NONE;
}

void
bound_released(struct bound *bound, struct ill *ill)
{
	if (ill->state != ILL_HINDERED)
		return; /* by what it was released with it dies */
	if (ill->who != SUPERVISOR)
		ill->turns = atomic_load(&bound->driver->ledgers[ill->who]->turns);
	ill->state = ILL_RELEASED;
}

static void
get_well(struct ill *ill)
{
	ill->state = ILL_WELL;
	ill->well_ns = ledger_now_ns();
}

/* Whoever took it off the board dies of it. */
static void
look_at_board(struct bound *bound, struct ill *ill, uint64_t word)
{
	if (fault_taker(word) == 0)
		return;
	ill->pid = ill->before = fault_taker(word);
	ill->state = ILL_STRUCK;
	note_struck(bound, ill->pid, DEED_FAULT);
	atomic_store(&bound->driver->board->fault[ill->who], FAULT_NONE);
}

static void
look_at(struct bound *bound, struct ill *ill)
{
	if (ill->who == SUPERVISOR) {
		if (ill->state == ILL_RELEASED)
			get_well(ill);
		return;
	}
	const struct ledger *ledger = bound->driver->ledgers[ill->who];
	if (ill->state == ILL_PLANTED)
		look_at_board(bound, ill, atomic_load(&bound->driver->board->fault[ill->who]));
	pid_t process = atomic_load(&ledger->process);
	bool replaced = process != ill->pid && process != ill->before;
	bool lives = process == ill->pid && atomic_load(&ledger->turns) != ill->turns;
	if ((ill->state == ILL_STRUCK && replaced) || (ill->state == ILL_RELEASED && (replaced || lives)))
		get_well(ill);
}

void
bound_look(struct bound *bound)
{
	for (struct ill *ill = bound->ills; ill < bound->ills + ILLS_MAX; ill++)
		if (is_ill(ill))
			look_at(bound, ill);
}

void
bound_withdraw(struct bound *bound)
{
	for (struct ill *ill = bound->ills; ill < bound->ills + ILLS_MAX; ill++) {
		if (ill->state != ILL_PLANTED)
			continue;
		look_at_board(
			bound, ill, atomic_exchange(&bound->driver->board->fault[ill->who], FAULT_NONE));
		if (ill->state == ILL_PLANTED)
			bound_missed(ill);
	}
}

void
bound_all_well(struct bound *bound)
{
	for (struct ill *ill = bound->ills; ill < bound->ills + ILLS_MAX; ill++)
		if (is_ill(ill))
			get_well(ill);
}
