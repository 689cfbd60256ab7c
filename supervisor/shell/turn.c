/*
 * turn.c: one turn of a runtime: what there is to hear, whom it concerns, and sleeping until there is more. Everybody is heard before anybody is judged; where nobody is to be judged, those that have lanes may be heard alone for a while.
 * What fails is returned.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "context.h"
#include "runtime.h"
#include "sys.h"
#include "why.h"

#define LANES_ALONE_NS \
	200000 /* so long lanes may be heard without a look at anything else, such as a death: less than anybody would notice */

void
turn_settle(struct tractor_runtime *runtime)
{
	int64_t now_ns = runtime->loop.now_ns;

	do {
		if (runtime->bell.retry_ns <= now_ns)
			bell_answer(&runtime->bell);
		tree_run(runtime->tree, now_ns);
		remains_tick(runtime);
		coreops_decide(runtime);
		reloading_tick(runtime);
		spares_tick(runtime);
		router_run(runtime->router, now_ns);
		if (runtime->control && control_next_ns(runtime->control) <= now_ns)
			control_tick(runtime->control, now_ns);
	} while (tree_next_ns(runtime->tree) <= now_ns);
}

static int64_t
earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static int64_t
next_ns(const struct tractor_runtime *runtime)
{
	int64_t next = earlier(earlier(tree_next_ns(runtime->tree), router_next_ns(runtime->router)),
		runtime->bell.retry_ns);

	return runtime->control ? earlier(next, control_next_ns(runtime->control)) : next;
}

/* A foreign loop looks at our epoll's fd only: so its timers must be in it. */
void
turn_set_clock(struct tractor_runtime *runtime)
{
	struct itimerspec when = { .it_value = { .tv_sec = 0 } };

	if (runtime->clock.fd < 0)
		return;
	if (!bell_sleep(&runtime->bell))
		bell_remind(&runtime->bell);
	int64_t at_ns = earlier(next_ns(runtime), timers_next_ns(&runtime->loop.timers));
	if (at_ns == runtime->clock_ns)
		return;
	runtime->clock_ns = runtime->loop.foreign_until_ns = at_ns;
	if (at_ns != INT64_MAX) {
		at_ns = at_ns > 0 ? at_ns : 1;
		when.it_value =
			(struct timespec){ .tv_sec = at_ns / SPEC_SECOND, .tv_nsec = at_ns % SPEC_SECOND };
	}
	sys.timerfd_settime(runtime->clock.fd, &when);
}

static void
give_back(struct tractor_runtime *runtime, int64_t lost_ns)
{
	runtime->resumed_ns = runtime->loop.now_ns;
	router_shift(runtime->router, lost_ns);
	tree_shift(runtime->tree, lost_ns);
	policy_shift(runtime, lost_ns);
	if (runtime->control)
		control_shift(runtime->control, lost_ns);
	events_note(runtime, "was_stopped", "", 0,
		"the supervisor did not run for %lld ms; every deadline gets them back",
		(long long)(lost_ns / SPEC_MILLISECOND));
}

static void
refresh(struct tractor_runtime *runtime, int64_t now_ns)
{
	int64_t lost_ns = loop_refresh(&runtime->loop, now_ns);

	if (lost_ns > 0)
		give_back(runtime, lost_ns);
}

void
turn_refresh(struct tractor_runtime *runtime)
{
	refresh(runtime, (int64_t)tri_now_ns());
}

void
turn_refresh_about(struct tractor_runtime *runtime)
{
	int64_t about_ns = (int64_t)tri_about_now_ns();

	if (about_ns > runtime->loop.now_ns)
		refresh(runtime, about_ns);
}

void
turn_refresh_unjudged(struct tractor_runtime *runtime)
{
	int64_t now_ns = (int64_t)tri_now_ns();

	if (now_ns < earlier(next_ns(runtime), timers_next_ns(&runtime->loop.timers)))
		refresh(runtime, now_ns);
}

/* What there is to hear of lanes that were lately heard; it is `now_ns`, or was some us ago: limits count from then. */
static bool
hear_lanes(struct tractor_runtime *runtime, int64_t now_ns)
{
	if (!bell_look(&runtime->bell))
		return false;
	int64_t about_ns = (int64_t)tri_about_now_ns(); /* others may have had the processor since */
	refresh(runtime, about_ns > now_ns ? about_ns : now_ns);
	bell_hear(&runtime->bell);
	return true;
}

/* Looks for a moment whether a lane has something, if that has lately paid; until `until_ns` at most. What was cut short by that says nothing of whether it pays. */
static bool
look_at_lanes(struct tractor_runtime *runtime, int64_t began_ns, int64_t until_ns)
{
	int64_t now_ns = began_ns;
	int64_t span_ns = bell_has_warm(&runtime->bell) ? tri_spin_ns(&runtime->bell.spin) : 0;

	if (span_ns == 0)
		return false;
	for (; now_ns - began_ns < span_ns && now_ns < until_ns && bell_has_warm(&runtime->bell);
		now_ns = (int64_t)tri_now_ns()) {
		for (int i = 0; i < TRI_SPIN_LOOKS; i++) {
			if (hear_lanes(runtime, now_ns)) {
				tri_spin_looked(&runtime->bell.spin, true);
				return true;
			}
			tri_spin_pause(now_ns - began_ns);
		}
		if (now_ns - began_ns > TRI_SPIN_YIELD_NS &&
			!tri_yield(&runtime->bell.spin.yield, (uint64_t)now_ns))
			break;
	}
	if (now_ns < until_ns || now_ns - began_ns >= span_ns)
		tri_spin_looked(&runtime->bell.spin, false);
	return false;
}

/* What there is to hear, at the latest until `until_ns`. */
static tractor_err
hear(struct tractor_runtime *runtime, int64_t until_ns, bool *ret_heard)
{
	int64_t lost_ns = 0;
	tractor_err err = loop_sleep(&runtime->loop, until_ns, &lost_ns);

	if (err != TRACTOR_OK)
		return err;
	if (lost_ns > 0)
		give_back(runtime, lost_ns);
	*ret_heard = loop_serve(&runtime->loop);
	return TRACTOR_OK;
}

/* Whatever comes first, until `until_ns`. The sleep of a lane's sender ends with ours. */
static tractor_err
await(struct tractor_runtime *runtime, int64_t until_ns)
{
	int64_t began_ns = runtime->loop.now_ns;
	bool heard;

	if (until_ns <= began_ns || look_at_lanes(runtime, (int64_t)tri_now_ns(), until_ns))
		return TRACTOR_OK;
	if (!bell_sleep(&runtime->bell)) {
		turn_refresh_unjudged(runtime);
		bell_hear(&runtime->bell);
		return TRACTOR_OK;
	}
	tractor_err err = hear(runtime, until_ns, &heard);
	tri_rung_here(&runtime->bell.rung);
	if (bell_has_warm(&runtime->bell))
		tri_spin_slept(&runtime->bell.spin, runtime->loop.now_ns - began_ns);
	return err;
}

/* Everybody is heard before anybody is judged: the program may have been elsewhere, and what came meanwhile came in time. */
static tractor_err
hear_all(struct tractor_runtime *runtime, bool *ret_heard)
{
	tractor_err err = hear(runtime, 0, ret_heard);

	runtime->alone_since_ns = 0;
	turn_refresh_unjudged(runtime);
	if (err == TRACTOR_OK && hear_lanes(runtime, runtime->loop.now_ns))
		*ret_heard = true;
	return err;
}

/* Between two looks at everything, where nobody is judged, those that have lanes may be heard alone, and waited for: an ask that is answered at once does without a system call. Who does not wait asks for all that there is. */
static bool
hear_quickly(struct tractor_runtime *runtime, int64_t until_ns)
{
	if (until_ns == 0)
		return false;
	tri_rung_give_way(&runtime->bell.rung);
	tri_spin_give_way(&runtime->bell.spin);
	int64_t now_ns = (int64_t)tri_now_ns(),
		since_ns = runtime->alone_since_ns == 0 ? now_ns : runtime->alone_since_ns,
		alone_ns = earlier(since_ns + LANES_ALONE_NS, next_ns(runtime));

	if (now_ns >= alone_ns)
		return false;
	runtime->alone_since_ns = since_ns;
	return hear_lanes(runtime, now_ns) ||
	       (tri_spin_pays(&runtime->bell.spin) &&
		       look_at_lanes(runtime, now_ns, earlier(until_ns, alone_ns)));
}

tractor_err
turn_wait(struct tractor_runtime *runtime, int64_t until_ns)
{
	bool quickly = hear_quickly(runtime, until_ns), heard = quickly;
	tractor_err err = heard ? TRACTOR_OK : hear_all(runtime, &heard);
	bool due = next_ns(runtime) <= runtime->loop.now_ns;

	if (err != TRACTOR_OK)
		return err;
	/* By a lane nothing comes that is to be settled without being due. */
	if (!quickly || due)
		turn_settle(runtime);
	/* What was heard, or was due, may be all that the caller waits for. */
	if (!heard && !due) {
		err = await(runtime, earlier(until_ns, next_ns(runtime)));
		turn_settle(runtime);
	}
	turn_set_clock(runtime);
	return err;
}

tractor_err
tractor_runtime_turn(struct tractor_runtime *runtime, int64_t timeout_ms)
{
	if (tree_ended(runtime->tree))
		return tri_why(TRACTOR_ECLOSED, "the tree has ended");
	return turn_wait(runtime, timeout_ms == 0 ? 0 : tri_until_ns(timeout_ms));
}

static void
clock_rang(void *arg, uint32_t epoll_events)
{
	struct tractor_runtime *runtime = arg;
	uint64_t times;

	(void)epoll_events;
	(void)!sys.read(runtime->clock.fd, &times, sizeof(times));
	runtime->clock_ns = 0;
}

int
tractor_runtime_fd(struct tractor_runtime *runtime)
{
	if (runtime->clock.fd < 0) {
		int fd = sys.timerfd_create();
		runtime->clock = (struct watch){ .fd = -1, .ready = clock_rang, .arg = runtime };
		if (fd < 0) {
			tri_why(TRACTOR_ESYSTEM, "cannot make a timer: %s", strerror(errno));
			return -1;
		}
		if (loop_watch(&runtime->loop, &runtime->clock, fd, EPOLLIN) != TRACTOR_OK) {
			sys.close(fd);
			return -1;
		}
		runtime->clock_ns = 0;
		turn_set_clock(runtime);
	}
	return runtime->loop.epoll;
}

tractor_err
tractor_runtime_run(struct tractor_runtime *runtime)
{
	while (!tree_ended(runtime->tree)) {
		tractor_err err = turn_wait(runtime, TRI_FOREVER);
		if (err != TRACTOR_OK)
			return err;
	}
	struct tree_outcome outcome = tree_outcome(runtime->tree);
	if (tractor_runtime_signal(runtime) != 0)
		return tri_why(TRACTOR_ECLOSED, "ended at once by %s",
			report_signal_name(tractor_runtime_signal(runtime)));
	if (outcome.kind != TREE_GAVE_UP)
		return TRACTOR_OK;
	return tri_why(TRACTOR_ECRASHED, "the tree gave up: %s died once too often", outcome.culprit);
}
