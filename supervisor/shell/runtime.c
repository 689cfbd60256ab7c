/*
 * runtime.c: a runtime from opening to closing; turn.c has what is between. It knows the parts by how they are opened and closed. What cannot be opened is closed again, and the first reason is the one that is told.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "actor_process.h"
#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "why.h"

/* Actors of one runtime have ids that those of another of this process have not: a ref that is used with the wrong one is nobody's there, and not somebody else's. */
#define IDS_EACH (UINT64_C(1) << 32)
#define RUNTIMES_MAX (ROUTER_PORT_FIRST / IDS_EACH)

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

tractor_err
runtime_explained(tractor_err err)
{
	return err == TRACTOR_ENOMEM ? tri_why(err, "out of memory") : err;
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
	turn_refresh_unjudged(runtime);
	bell_answer(&runtime->bell);
}

static tractor_err
open_loop(struct tractor_runtime *runtime)
{
	tractor_err err = loop_open(&runtime->loop);

	bypass_begin(runtime);
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

/* From here on the name is ours, and what there is of the host is as it will be. */
static tractor_err
take_place(struct tractor_runtime *runtime, const char *name)
{
	tractor_err err = check_begun();

	if (err == TRACTOR_OK)
		err = check_sigchld();
	oom_prepare(&runtime->oom);
	handover_open(&runtime->handover);
	spawn_pad_open(&runtime->pad);
	if (runtime->options.raise_files)
		host_raise_files(&runtime->files);
	if (err == TRACTOR_OK)
		err = rundir_open(&runtime->rundir, name);
	if (err != TRACTOR_OK)
		return err;
	orphans_end_left(runtime);
	return rundir_take_over(&runtime->rundir);
}

/* What needs to know of no tree. */
static tractor_err
open_parts(struct tractor_runtime *runtime)
{
	tractor_err err = open_loop(runtime);

	if (err == TRACTOR_OK)
		err = table_init(&runtime->pids);
	if (err == TRACTOR_OK)
		err = corpses_open(&runtime->corpses, &runtime->loop);
	if (err == TRACTOR_OK)
		err = inventory_open(runtime);
	if (err == TRACTOR_OK)
		err = unwinding_open(runtime);
	if (err == TRACTOR_OK)
		err = remains_open(runtime);
	if (err == TRACTOR_OK && runtime->options.subreaper)
		err = orphans_open(runtime);
	if (err == TRACTOR_OK && runtime->options.signals)
		err = signals_open(runtime);
	if (err == TRACTOR_OK && runtime->options.log_files)
		err = loglines_open(runtime);
	if (err == TRACTOR_OK)
		err = router_new(&coreops_router, runtime, &runtime->router);
	if (err == TRACTOR_OK)
		err = parcels_open(&runtime->parcels, &runtime->handover);
	return err == TRACTOR_OK ? spares_open(runtime) : err;
}

/* The spec is the tree's once there is one. */
static tractor_err
make_tree(struct tractor_runtime *runtime, struct spec *spec)
{
	struct timespec seed;
	tractor_err err = policy_open(runtime, spec, runtime->options.crash_policy);

	clock_gettime(CLOCK_REALTIME, &seed);
	if (err != TRACTOR_OK)
		return err;
	return tree_new(spec, &coreops_tree, runtime, (uint64_t)seed.tv_nsec ^ (uint64_t)seed.tv_sec,
		first_id(), &runtime->tree);
}

/* Takes the spec over. */
static tractor_err
open_all(struct tractor_runtime *runtime, struct spec *spec)
{
	tractor_err err = take_place(runtime, spec->name);

	if (err == TRACTOR_OK)
		err = open_parts(runtime);
	if (err == TRACTOR_OK)
		err = make_tree(runtime, spec);
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
		err = turn_wait(runtime, 0); /* an empty tree is up at once, and then nothing would wake us */
	while (err == TRACTOR_OK && root->state != NODE_RUNNING && !tree_ended(runtime->tree))
		err = turn_wait(runtime, TRI_FOREVER);
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
	runtime->rundir.lock = runtime->loop.epoll = runtime->bell.fd = -1;
	runtime->clock.fd = runtime->orphans.watch.fd = runtime->signals.watch.fd = runtime->bell_watch.fd =
		runtime->lines.watch.fd = -1;
	tractor_err err = open_all(runtime, spec);
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
	if (slot)
		bypass_count(slot, &counts);
	return counts.waiting == 0 && counts.parked == 0 && (!slot || is_heard(slot));
}

bool
tractor_runtime_is_quiet(struct tractor_runtime *runtime)
{
	if (runtime->remains.first)
		return false;
	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node))
		if (!is_quiet(runtime, node))
			return false;
	return true;
}

/* --- closing --- */

void
tractor_runtime_stop(struct tractor_runtime *runtime, bool now)
{
	runtime->closing = true;
	turn_refresh(runtime); /* the program, or its own loop, may have been elsewhere for long */
	if (now)
		tree_kill(runtime->tree, tree_root(runtime->tree));
	else
		tree_terminate(runtime->tree, tree_root(runtime->tree));
	turn_set_clock(runtime);
}

static void
come_down(struct tractor_runtime *runtime)
{
	tractor_runtime_stop(runtime, false);
	while (!tree_ended(runtime->tree) && tree_root(runtime->tree)->state != NODE_STOPPED)
		if (turn_wait(runtime, TRI_FOREVER) != TRACTOR_OK)
			break;
}

void
tractor_runtime_close(struct tractor_runtime *runtime)
{
	if (!runtime)
		return;
	if (runtime->tree)
		come_down(runtime);
	remains_tell(runtime);
	if (runtime->tree)
		unwinding_finish(runtime);
	inventory_close(runtime);
	loglines_close(runtime);
	journal_close(&runtime->events);
	requests_close(runtime);
	reloading_end(runtime);
	free(runtime->reloading.file);
	policy_close(runtime);
	unwinding_close(runtime);
	orphans_close(runtime); /* whom the policy and the unwinders have left, too */
	port_close(runtime);
	waiter_close(runtime);
	tree_free(runtime->tree);
	spares_close(runtime);
	corpses_close(&runtime->corpses);
	router_free(runtime->router);
	table_free(&runtime->pids);
	lost_free(&runtime->lost);
	parcels_close(&runtime->parcels);
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
	spawn_pad_close(&runtime->pad);
	handover_close(&runtime->handover);
	signals_release(runtime);
	free(runtime);
}
