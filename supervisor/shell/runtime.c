/*
 * runtime.c: a runtime from opening to closing. One thread; every public call first brings core, router and sockets to rest, then waits, then again. It knows the parts by how they are
 * opened, asked for their next moment, and closed; what is done in between is theirs. What cannot be opened is closed again, and the first reason is the one that is told.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "actor_process.h"
#include "shell.h"
#include "sys.h"
#include "why.h"

/* Actors of one runtime have ids that those of another of this process have not: a ref that is used with the wrong one is nobody's there, and not somebody else's. */
#define IDS_EACH (UINT64_C(1) << 32)
#define RUNTIMES_MAX (ROUTER_PORT_FIRST / IDS_EACH)
#define LANES_ALONE_NS \
	200000 /* so long lanes may be heard without a look at anything else, such as a death: less than anybody would notice */

const char *
runtime_path_of(struct tractor_runtime *runtime, uint64_t actor)
{
	struct node *node = actor != 0 && actor < ROUTER_PORT_FIRST ? tree_by_id(runtime->tree, actor) : NULL;

	return node ? node->path : NULL;
}

uint64_t
runtime_next_guest(struct tractor_runtime *runtime)
{
	return ROUTER_GUEST_FIRST + runtime->guests++;
}

static uint64_t
first_id(void)
{
	static _Atomic uint64_t opened;

	return opened++ % RUNTIMES_MAX * IDS_EACH + 1;
}

uint32_t
runtime_next_number(const struct tractor_runtime *runtime)
{
	return (uint32_t)(tree_next_id(runtime->tree) % IDS_EACH);
}

/* --- turning --- */

tractor_err
runtime_explained(tractor_err err)
{
	return err == TRACTOR_ENOMEM ? tri_why(err, "out of memory") : err;
}

void
runtime_settle(struct tractor_runtime *runtime)
{
	int64_t now_ns = runtime->loop.now_ns;

	do {
		if (runtime->bell.retry_ns <= now_ns)
			bell_answer(&runtime->bell, hearing_ready);
		tree_run(runtime->tree, now_ns);
		coreops_decide(runtime);
		reloading_tick(runtime);
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
runtime_set_clock(struct tractor_runtime *runtime)
{
	int64_t at_ns = earlier(next_ns(runtime), timers_next_ns(&runtime->loop.timers));
	struct itimerspec when = { .it_value = { .tv_sec = 0 } };

	if (runtime->clock.fd < 0)
		return;
	if (!bell_sleep(&runtime->bell))
		bell_remind(&runtime->bell);
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
	if (runtime->control)
		control_shift(runtime->control, lost_ns);
	events_note(runtime, "was_stopped", "", 0,
		"the supervisor did not run for %lld ms; every deadline gets them back",
		(long long)(lost_ns / SPEC_MILLISECOND));
}

void
runtime_refresh(struct tractor_runtime *runtime)
{
	int64_t lost_ns = loop_refresh(&runtime->loop);

	if (lost_ns > 0)
		give_back(runtime, lost_ns);
}

/* What there is to hear of lanes that were lately heard. */
static bool
hear_lanes(struct tractor_runtime *runtime)
{
	if (!bell_look(&runtime->bell))
		return false;
	runtime_refresh(runtime);
	bell_hear(&runtime->bell, hearing_ready);
	return true;
}

/* Looks for a moment whether a lane has something, if that has lately paid; until `until_ns` at most. */
static bool
look_at_lanes(struct tractor_runtime *runtime, int64_t until_ns)
{
	int64_t began_ns = runtime->loop.now_ns, now_ns = began_ns;
	int64_t span_ns = bell_has_warm(&runtime->bell) ? tri_spin_ns(&runtime->spin) : 0;

	if (span_ns == 0)
		return false;
	for (; now_ns - began_ns < span_ns && now_ns < until_ns; now_ns = (int64_t)tri_now_ns()) {
		for (int i = 0; i < TRI_SPIN_LOOKS; i++) {
			if (hear_lanes(runtime)) {
				tri_spin_looked(&runtime->spin, true);
				return true;
			}
			tri_spin_pause();
		}
		if (now_ns - began_ns > TRI_SPIN_YIELD_NS)
			sched_yield();
	}
	tri_spin_looked(&runtime->spin, false);
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

	if (until_ns <= began_ns || look_at_lanes(runtime, until_ns))
		return TRACTOR_OK;
	if (!bell_sleep(&runtime->bell)) {
		bell_hear(&runtime->bell, hearing_ready);
		return TRACTOR_OK;
	}
	tractor_err err = hear(runtime, until_ns, &heard);
	if (bell_has_warm(&runtime->bell))
		tri_spin_slept(&runtime->spin, runtime->loop.now_ns - began_ns);
	return err;
}

/* Everybody is heard before anybody is judged: the program may have been elsewhere, and what came meanwhile came in time. */
static tractor_err
hear_all(struct tractor_runtime *runtime, bool *ret_heard)
{
	tractor_err err = hear(runtime, 0, ret_heard);

	runtime->all_heard_ns = runtime->loop.now_ns;
	if (err == TRACTOR_OK && hear_lanes(runtime))
		*ret_heard = true;
	return err;
}

/* Between two looks at everything, where nobody is judged, those that have lanes may be heard alone. */
static bool
hear_quickly(struct tractor_runtime *runtime)
{
	int64_t now_ns = (int64_t)tri_now_ns();

	return now_ns < earlier(runtime->all_heard_ns + LANES_ALONE_NS, next_ns(runtime)) &&
	       hear_lanes(runtime);
}

tractor_err
runtime_wait(struct tractor_runtime *runtime, int64_t until_ns)
{
	bool heard = hear_quickly(runtime);
	tractor_err err = heard ? TRACTOR_OK : hear_all(runtime, &heard);
	bool due = next_ns(runtime) <= runtime->loop.now_ns;

	if (err != TRACTOR_OK)
		return err;
	runtime_settle(runtime);
	/* What was heard, or was due, may be all that the caller waits for. */
	if (!heard && !due) {
		err = await(runtime, earlier(until_ns, next_ns(runtime)));
		runtime_settle(runtime);
	}
	runtime_set_clock(runtime);
	return err;
}

tractor_err
tractor_runtime_turn(struct tractor_runtime *runtime, int64_t timeout_ms)
{
	if (tree_ended(runtime->tree))
		return tri_why(TRACTOR_ECLOSED, "the tree has ended");
	return runtime_wait(runtime, timeout_ms == 0 ? 0 : tri_until_ns(timeout_ms));
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
		runtime_set_clock(runtime);
	}
	return runtime->loop.epoll;
}

tractor_err
tractor_runtime_run(struct tractor_runtime *runtime)
{
	while (!tree_ended(runtime->tree)) {
		tractor_err err = runtime_wait(runtime, TRI_FOREVER);
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

/* --- opening --- */

tractor_err
runtime_add_slots(struct tractor_runtime *runtime, struct node *node)
{
	if (node->spec->kind == SPEC_ACTOR && !slot_of(node))
		return slot_new(runtime, node);
	for (size_t i = 0; i < node->child_count; i++) {
		tractor_err err = runtime_add_slots(runtime, node->children[i]);
		if (err != TRACTOR_OK)
			return err;
	}
	return TRACTOR_OK;
}

static void
bell_rang(void *arg, uint32_t epoll_events)
{
	struct tractor_runtime *runtime = arg;

	(void)epoll_events;
	bell_answer(&runtime->bell, hearing_ready);
}

static tractor_err
open_loop(struct tractor_runtime *runtime)
{
	tractor_err err = loop_open(&runtime->loop);

	if (err == TRACTOR_OK)
		err = bell_open(&runtime->bell);
	if (err != TRACTOR_OK)
		return err;
	runtime->bell_watch = (struct watch){ .fd = -1, .ready = bell_rang, .arg = runtime };
	return loop_watch(&runtime->loop, &runtime->bell_watch, runtime->bell.fd, EPOLLIN);
}

/* Children that the kernel reaps by itself leave no status: nothing could be said of how they died. */
static tractor_err
check_sigchld(void)
{
	struct sigaction action;

	if (sigaction(SIGCHLD, NULL, &action) == 0 &&
		(action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT)))
		return tri_why(TRACTOR_EINVAL,
			"SIGCHLD is ignored in this process: set it to SIG_DFL before opening a runtime");
	return TRACTOR_OK;
}

/* A program that starts itself as an actor and doesn't know that it is one would start itself again, and that one itself, without end. */
static tractor_err
check_begun(void)
{
	if (getenv(TRI_ENV_LINK))
		return tri_why(TRACTOR_EINVAL,
			"this process was started as an actor: tractor_begin() must be the first thing in its main()");
	return TRACTOR_OK;
}

static tractor_err
open_parts(struct tractor_runtime *runtime, struct spec *spec)
{
	tractor_err err = check_begun();
	struct timespec seed;

	if (err == TRACTOR_OK)
		err = check_sigchld();
	oom_prepare(&runtime->oom);
	if (runtime->options.raise_files)
		host_raise_files(&runtime->files);
	if (err == TRACTOR_OK)
		err = rundir_open(&runtime->rundir, spec->name);
	if (err == TRACTOR_OK) {
		orphans_end_left(runtime);
		err = rundir_take_over(&runtime->rundir);
	}
	if (err == TRACTOR_OK)
		err = open_loop(runtime);
	if (err == TRACTOR_OK)
		err = inventory_open(runtime);
	if (err == TRACTOR_OK)
		err = unwinding_open(runtime);
	if (err == TRACTOR_OK && runtime->options.subreaper)
		err = orphans_open(runtime);
	if (err == TRACTOR_OK && runtime->options.signals)
		err = signals_open(runtime);
	if (err == TRACTOR_OK && runtime->options.log_files)
		err = loglines_open(runtime);
	if (err == TRACTOR_OK)
		err = router_new(&coreops_router, runtime, &runtime->router);
	if (err == TRACTOR_OK)
		err = table_init(&runtime->pids);
	clock_gettime(CLOCK_REALTIME, &seed);
	if (err == TRACTOR_OK)
		err = policy_open(runtime, spec, runtime->options.crash_policy);
	if (err != TRACTOR_OK) {
		spec_free(spec);
		return err;
	}
	err = tree_new(spec, &coreops_tree, runtime, (uint64_t)seed.tv_nsec ^ (uint64_t)seed.tv_sec,
		first_id(), &runtime->tree);
	if (err != TRACTOR_OK) {
		spec_free(spec);
		return err;
	}
	tree_limit_starts(runtime->tree, host_starts_at_a_time());
	err = runtime_add_slots(runtime, tree_root(runtime->tree));
	if (err == TRACTOR_OK)
		err = port_open(runtime);
	if (err == TRACTOR_OK && runtime->options.control)
		err = requests_open(runtime);
	return err;
}

/* Until all is up, or one of it can't be. */
static tractor_err
come_up(struct tractor_runtime *runtime)
{
	struct node *root = tree_root(runtime->tree);
	tractor_err err = tree_start(runtime->tree, root);

	if (err == TRACTOR_OK)
		err = runtime_wait(
			runtime, 0); /* an empty tree is up at once, and then nothing would wake us */
	while (err == TRACTOR_OK && root->state != NODE_RUNNING && !tree_ended(runtime->tree))
		err = runtime_wait(runtime, TRI_FOREVER);
	if (err != TRACTOR_OK || root->state == NODE_RUNNING)
		return err;
	return tri_why(tree_outcome(runtime->tree).kind == TREE_TERMINATED ? TRACTOR_ECLOSED : TRACTOR_ESTART,
		"%s",
		*runtime->start_failure ? runtime->start_failure
					: "the tree was stopped before it had started");
}

/* Opens with this spec, which it takes over, and starts the tree. `file`: where it is from; NULL: from none. */
static tractor_err
open_tree(struct tractor_runtime **ret_runtime, struct spec *spec, const char *file,
	const struct tractor_options *options)
{
	struct tractor_runtime *runtime = calloc(1, sizeof(*runtime));

	if (!runtime) {
		spec_free(spec);
		return runtime_explained(TRACTOR_ENOMEM);
	}
	if (options)
		runtime->options = *options;
	tri_spin_begin(&runtime->spin);
	runtime->rundir.lock = runtime->loop.epoll = runtime->bell.fd = -1;
	runtime->clock.fd = runtime->orphans.watch.fd = runtime->signals.watch.fd = runtime->bell_watch.fd =
		runtime->lines.watch.fd = -1;
	tractor_err err = open_parts(runtime, spec);
	if (err == TRACTOR_OK && file)
		err = reloading_remember(runtime, file);
	if (err == TRACTOR_OK) {
		faults_announce(runtime);
		err = come_up(runtime);
	}
	if (err == TRACTOR_OK) {
		*ret_runtime = runtime;
		return TRACTOR_OK;
	}
	runtime_explained(err);
	char why[TRI_WHY_MAX];
	snprintf(why, sizeof(why), "%s", tractor_why()); /* what closing says must not hide it */
	tractor_runtime_close(runtime);
	return tri_why(err, "%s", why);
}

tractor_err
tractor_runtime_open(struct tractor_runtime **ret_runtime, const struct tractor_options *options)
{
	struct spec *spec;
	tractor_err err = build_root(options, &spec);

	return err == TRACTOR_OK ? open_tree(ret_runtime, spec, NULL, options) : runtime_explained(err);
}

tractor_err
tractor_runtime_open_file(
	struct tractor_runtime **ret_runtime, const char *path, const struct tractor_options *options)
{
	struct spec *spec;
	tractor_err err = build_file(path, &spec);

	return err == TRACTOR_OK ? open_tree(ret_runtime, spec, path, options) : runtime_explained(err);
}

const char *
tractor_runtime_directory(struct tractor_runtime *runtime)
{
	return runtime->rundir.path;
}

/* What its handlers have said, they having returned, and what it has sent, is all here. */
static bool
is_heard(const struct slot *slot)
{
	uint64_t heard = slot->box ? atomic_load(&slot->box->heard) : 0;
	struct tri_outbox_place place = { .banks = 0 };
	struct tri_outbox_record record;
	const void *frame;

	while (slot->box && tri_outbox_read(slot->box, &place, &record, &frame))
		if (record.number > heard)
			return false;
	return !slot->box || atomic_load(&slot->box->sent) <= heard;
}

static bool
is_quiet(struct tractor_runtime *runtime, const struct node *node)
{
	const struct slot *slot = slot_of(node);
	struct router_counts counts = { .waiting = 0 };

	if (node->state != NODE_RUNNING && node->state != NODE_STOPPED && node->state != NODE_GONE)
		return false;
	if (slot)
		router_counts(runtime->router, node->id, &counts);
	return counts.waiting == 0 && counts.parked == 0 && (!slot || is_heard(slot));
}

bool
tractor_runtime_is_quiet(struct tractor_runtime *runtime)
{
	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node))
		if (!is_quiet(runtime, node))
			return false;
	return true;
}

/* --- closing --- */

static void
each_slot(struct tractor_runtime *runtime, void (*act)(struct slot *slot))
{
	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node))
		if (slot_of(node))
			act(slot_of(node));
}

static void
stop_watching(struct slot *slot)
{
	slot->is_watching = false;
}

void
tractor_runtime_stop(struct tractor_runtime *runtime, bool now)
{
	runtime->closing = true;
	runtime_refresh(runtime); /* the program, or its own loop, may have been elsewhere for long */
	if (now)
		tree_kill(runtime->tree, tree_root(runtime->tree));
	else
		tree_terminate(runtime->tree, tree_root(runtime->tree));
	runtime_set_clock(runtime);
}

static void
come_down(struct tractor_runtime *runtime)
{
	tractor_runtime_stop(runtime, false);
	while (!tree_ended(runtime->tree) && tree_root(runtime->tree)->state != NODE_STOPPED)
		if (runtime_wait(runtime, TRI_FOREVER) != TRACTOR_OK)
			break;
}

void
tractor_runtime_close(struct tractor_runtime *runtime)
{
	if (!runtime)
		return;
	if (runtime->tree)
		come_down(runtime);
	if (runtime->tree)
		unwinding_finish(runtime);
	inventory_close(runtime);
	orphans_close(runtime);
	if (runtime->tree) {
		each_slot(runtime, stop_watching); /* the tree can't be searched while it is freed */
	}
	loglines_close(runtime);
	journal_close(&runtime->events);
	requests_close(runtime);
	reloading_end(runtime);
	free(runtime->reloading.file);
	policy_close(runtime);
	unwinding_close(runtime);
	port_close(runtime);
	waiter_close(runtime);
	tree_free(runtime->tree);
	router_free(runtime->router);
	table_free(&runtime->pids);
	lost_free(&runtime->lost);
	tri_arena_free(&runtime->arena);
	if (runtime->clock.fd >= 0) {
		int fd = runtime->clock.fd;
		loop_unwatch(&runtime->loop, &runtime->clock);
		sys.close(fd);
	}
	signals_close(runtime);
	loop_unwatch(&runtime->loop, &runtime->bell_watch);
	bell_close(&runtime->bell);
	loop_close(&runtime->loop);
	rundir_close(&runtime->rundir);
	host_lower_files(&runtime->files);
	signals_release(runtime);
	free(runtime);
}
