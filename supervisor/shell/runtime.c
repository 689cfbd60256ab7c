/*
 * runtime.c: a runtime from opening to closing, and the glue: what the core and the router want done goes to the slots, what changes goes to whoever wants to know. One thread; every public
 * call first brings core, router and sockets to rest, then waits, then again.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "assert.h"
#include "shell.h"
#include "sys.h"
#include "why.h"

/* --- what the core wants --- */

static void
tree_start_op(void *arg, struct node *node)
{
	struct tractor_runtime *runtime = arg;

	if (slot_of(node))
		slot_start(slot_of(node));
	else /* it came back with its supervisor, and there was no memory for its slot */
		tree_post_ended(runtime->tree, node, node->incarnation, NODE_END_START_FAILED,
			(struct node_verdict){ .kind = NODE_VERDICT_DEFAULT });
}

static void
tree_stop_op(void *arg, struct node *node)
{
	(void)arg;
	slot_stop(slot_of(node));
}

static void
tree_kill_op(void *arg, struct node *node)
{
	(void)arg;
	slot_kill(slot_of(node));
}

static bool
is_up(enum node_state state)
{
	return state == NODE_RUNNING || state == NODE_STOPPING || state == NODE_STARTING;
}

tractor_err
runtime_stopped_error(const struct tractor_runtime *runtime)
{
	return runtime->closing ? TRACTOR_ECLOSED : TRACTOR_ESTOPPED;
}

/*
 * Stopped with a supervisor above it, which may be started again, with it: that is not known before the supervisor's own end is dealt with. An actor that is stopped while the whole tree
 * goes down, or by itself, does not come back.
 */
bool
runtime_may_return(const struct node *node)
{
	const struct node *top = node, *above = node->parent;

	while (above && (above->state == NODE_STOPPING || above->state == NODE_STOPPED)) {
		top = above;
		above = above->parent;
	}
	return above && (above->state == NODE_WAITING || (top != node && top->state == NODE_STOPPING));
}

static void
actor_gone(struct tractor_runtime *runtime, struct slot *slot)
{
	router_stopped(runtime->router, slot->node->id, runtime_stopped_error(runtime));
	registry_tell_monitors(slot, true);
	slot->ready_ns = 0;
}

/* Once the core has nothing more to do: who of those that came to rest stays there. Until then their mail waits. */
static void
decide(struct tractor_runtime *runtime)
{
	if (!runtime->undecided)
		return;
	runtime->undecided = false;
	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node)) {
		struct slot *slot = slot_of(node);
		if (!slot || !slot->undecided)
			continue;
		slot->undecided = runtime_may_return(node);
		if (slot->undecided)
			runtime->undecided = true;
		else
			actor_gone(runtime, slot);
	}
}

/* What an actor's change of state means for those who send to it and who watch it. */
static void
actor_changed(struct tractor_runtime *runtime, struct slot *slot, enum node_state from)
{
	struct node *node = slot->node;
	bool decided = from == NODE_STOPPED && !slot->undecided;

	slot->undecided = node->state == NODE_STOPPED;
	if (slot->undecided)
		runtime->undecided = true;
	else if (node->state == NODE_GONE && !decided)
		actor_gone(runtime, slot);
	else if (from == NODE_STOPPED && node->state != NODE_GONE)
		router_expected(runtime->router, node->id);
	if (slot->undecided || slot->ready_ns == 0)
		return;
	if (!is_up(node->state) || (node->state == NODE_STARTING && from != NODE_STARTING && is_up(from))) {
		registry_tell_monitors(slot, false);
		slot->ready_ns = 0;
	}
}

static void
tree_changed_op(void *arg, struct node *node, enum node_state from, const char *event)
{
	struct tractor_runtime *runtime = arg;
	/* A child that had gone for good comes back under a new id when its supervisor is started anew. */
	if (from == NODE_GONE && node->spec->kind == SPEC_ACTOR && !slot_of(node))
		slot_new(runtime, node);
	struct slot *slot = slot_of(node);

	events_note(runtime, node_state_name(node->state), node->path, node->incarnation, "%s", event);
	if (slot)
		actor_changed(runtime, slot, from);
	waiter_changed(runtime, node);
}

static void
tree_gives_up_op(void *arg, struct node *node, struct node *culprit)
{
	events_note(arg, "gave_up", node->path, node->incarnation,
		"%s died once too often: more than %u restart%s in %lld ms",
		culprit ? culprit->path : "a child", node->spec->intensity,
		node->spec->intensity == 1 ? "" : "s", (long long)(node->spec->period_ns / SPEC_MILLISECOND));
}

static void
tree_released_op(void *arg, struct node *node)
{
	(void)arg;
	slot_free(slot_of(node));
}

static const struct tree_ops tree_operations = {
	.start = tree_start_op,
	.stop = tree_stop_op,
	.kill = tree_kill_op,
	.changed = tree_changed_op,
	.gives_up = tree_gives_up_op,
	.released = tree_released_op,
};

/* --- what the router wants --- */

static void
router_deliver_op(void *arg, uint64_t actor, const struct router_message *message)
{
	struct slot *slot = slot_by_id(arg, actor);
	struct tri_frame frame = tri_frame(message->kind == ROUTER_DOWN ? TRI_FRAME_DOWN : TRI_FRAME_MESSAGE);

	if (!slot)
		return;
	frame.source = message->sender >= ROUTER_PORT_FIRST ? 0 : message->sender;
	frame.target = actor;
	frame.message = message->message;
	frame.sequence = message->sequence;
	frame.flags = message->ask ? TRI_FLAG_ASK : 0;
	slot_send(slot, &frame, message->payload, message->payload_bytes);
	deadline_delivered(slot);
}

/* An ACCEPT or ANSWER to whoever sent the message: an actor's present incarnation, the program's port, or a command. */
static void
reach_sender(struct tractor_runtime *runtime, uint64_t sender, uint32_t incarnation,
	const struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes)
{
	struct slot *slot = sender < ROUTER_PORT_FIRST ? slot_by_id(runtime, sender) : NULL;

	if (slot && slot->incarnation == incarnation)
		slot_send(slot, frame, payload, payload_bytes);
	else if (!slot && !port_receive(runtime, sender, frame, payload, payload_bytes))
		requests_receive(runtime, sender, frame, payload, payload_bytes);
}

static void
router_accept_op(void *arg, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_ACCEPT);

	frame.correlation = correlation;
	frame.err = err;
	reach_sender(arg, sender, incarnation, &frame, NULL, 0);
}

void
runtime_answer(void *arg, uint64_t asker, uint32_t incarnation, uint64_t correlation, tractor_err err,
	const uint8_t *payload, size_t payload_bytes)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_ANSWER);

	frame.correlation = correlation;
	frame.err = err;
	reach_sender(arg, asker, incarnation, &frame, payload, payload_bytes);
}

static void
name_message(
	struct tractor_runtime *runtime, const struct router_message *message, char *ret_name, size_t size)
{
	struct slot *slot = slot_by_id(runtime, message->target);
	const struct payload_schema *schema = slot ? hearing_schema(slot, message->message) : NULL;

	if (schema)
		snprintf(ret_name, size, "%s.%s", schema->protocol, schema->message);
	else
		snprintf(ret_name, size, "%s",
			message->kind == ROUTER_DOWN ? "down" : "a message that it does not know");
}

static void
router_dead_letter_op(void *arg, const struct router_message *message, tractor_err why)
{
	const char *path = runtime_path_of(arg, message->target),
		   *sender = runtime_path_of(arg, message->sender);
	char name[2 * PAYLOAD_NAME_MAX];

	name_message(arg, message, name, sizeof(name));
	events_note(arg, "dead_letter", path ? path : "", 0, "%s from %s: %s", name,
		sender ? sender : "outside", tractor_err_text(why));
}

static void
router_quarantined_op(void *arg, const struct router_message *message)
{
	const char *path = runtime_path_of(arg, message->target);
	char name[2 * PAYLOAD_NAME_MAX];

	name_message(arg, message, name, sizeof(name));
	events_note(arg, "quarantined", path ? path : "", 0, "%s was in hand at two crashes", name);
}

static const struct router_ops router_operations = {
	.deliver = router_deliver_op,
	.accept = router_accept_op,
	.answer = runtime_answer,
	.dead_letter = router_dead_letter_op,
	.quarantined = router_quarantined_op,
};

const char *
runtime_path_of(struct tractor_runtime *runtime, uint64_t actor)
{
	struct node *node = actor != 0 && actor < ROUTER_PORT_FIRST ? tree_by_id(runtime->tree, actor) : NULL;

	return node ? node->path : NULL;
}

uint64_t
runtime_next_port(struct tractor_runtime *runtime)
{
	return ROUTER_PORT_FIRST + runtime->last_port++;
}

/* --- turning --- */

/* Until nothing is left to do now. */
static void
settle(struct tractor_runtime *runtime)
{
	int64_t now_ns = runtime->loop.now_ns;

	do {
		tree_run(runtime->tree, now_ns);
		decide(runtime);
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
	int64_t next = earlier(tree_next_ns(runtime->tree), router_next_ns(runtime->router));

	return runtime->control ? earlier(next, control_next_ns(runtime->control)) : next;
}

/* A foreign loop looks at our epoll's fd only: so its timers must be in it. */
void
runtime_set_clock(struct tractor_runtime *runtime)
{
	int64_t at_ns = earlier(next_ns(runtime), timers_next_ns(&runtime->loop.timers));
	struct itimerspec when = { .it_value = { .tv_sec = 0 } };

	if (runtime->clock.fd < 0 || at_ns == runtime->clock_ns)
		return;
	runtime->clock_ns = runtime->loop.foreign_until_ns = at_ns;
	if (at_ns != INT64_MAX) {
		at_ns = at_ns > 0 ? at_ns : 1;
		when.it_value =
			(struct timespec){ .tv_sec = at_ns / SPEC_SECOND, .tv_nsec = at_ns % SPEC_SECOND };
	}
	timerfd_settime(runtime->clock.fd, TFD_TIMER_ABSTIME, &when, NULL);
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

/* Everybody is heard before anybody is judged: the program may have been elsewhere, and what came meanwhile came in time. */
tractor_err
runtime_wait(struct tractor_runtime *runtime, int64_t until_ns)
{
	bool heard = false;
	tractor_err err = hear(runtime, 0, &heard);
	bool due = next_ns(runtime) <= runtime->loop.now_ns;

	if (err != TRACTOR_OK)
		return err;
	settle(runtime);
	/* What was heard, or was due, may be all that the caller waits for. */
	if (!heard && !due) {
		err = hear(runtime, earlier(until_ns, next_ns(runtime)), &heard);
		settle(runtime);
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
		int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		runtime->clock = (struct watch){ .fd = -1, .ready = clock_rang, .arg = runtime };
		if (fd >= 0 && loop_watch(&runtime->loop, &runtime->clock, fd, EPOLLIN) != TRACTOR_OK)
			sys.close(fd);
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

static tractor_err
open_parts(struct tractor_runtime *runtime, struct spec *spec)
{
	tractor_err err = check_sigchld();
	struct timespec seed;

	death_prepare();
	if (err == TRACTOR_OK)
		err = rundir_open(&runtime->rundir, spec->name);
	if (err == TRACTOR_OK)
		err = open_loop(runtime);
	if (err == TRACTOR_OK && runtime->options.subreaper)
		err = orphans_open(runtime);
	if (err == TRACTOR_OK && runtime->options.signals)
		err = signals_open(runtime);
	if (err == TRACTOR_OK)
		err = router_new(&router_operations, runtime, &runtime->router);
	clock_gettime(CLOCK_REALTIME, &seed);
	if (err == TRACTOR_OK)
		err = policy_open(runtime, spec, runtime->options.crash_policy);
	if (err != TRACTOR_OK) {
		spec_free(spec);
		return err;
	}
	err = tree_new(spec, &tree_operations, runtime, (uint64_t)seed.tv_nsec ^ (uint64_t)seed.tv_sec,
		&runtime->tree);
	if (err != TRACTOR_OK) {
		spec_free(spec);
		return err;
	}
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

/* Opens with this spec, which it takes over, and starts the tree. */
static tractor_err
open_tree(struct tractor_runtime **ret_runtime, struct spec *spec, const struct tractor_options *options)
{
	struct tractor_runtime *runtime = calloc(1, sizeof(*runtime));

	if (!runtime) {
		spec_free(spec);
		return TRACTOR_ENOMEM;
	}
	if (options)
		runtime->options = *options;
	runtime->events.key = "event";
	runtime->lines.key = "stream";
	runtime->rundir.lock = runtime->loop.epoll = runtime->bell.fd = -1;
	runtime->clock.fd = runtime->orphans.watch.fd = runtime->signals.watch.fd = runtime->bell_watch.fd =
		-1;
	tractor_err err = open_parts(runtime, spec);
	if (err == TRACTOR_OK)
		err = come_up(runtime);
	if (err == TRACTOR_OK) {
		*ret_runtime = runtime;
		return TRACTOR_OK;
	}
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

	return err == TRACTOR_OK ? open_tree(ret_runtime, spec, options) : err;
}

tractor_err
tractor_runtime_open_file(
	struct tractor_runtime **ret_runtime, const char *path, const struct tractor_options *options)
{
	struct spec *spec;
	tractor_err err = build_file(path, &spec);

	return err == TRACTOR_OK ? open_tree(ret_runtime, spec, options) : err;
}

/* --- adding --- */

struct outcome {
	const struct tractor_protocol *protocol; /* that it must serve; NULL: any */
	bool known;
	tractor_err err;
	uint64_t id;
	char text[1024];
};

/* What is to be known of the node is taken here, while it is there: a temporary one may be gone when the caller goes on. */
static void
outcome_known(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct outcome *outcome = arg;

	outcome->known = true;
	outcome->id = node->id;
	outcome->err = err;
	snprintf(outcome->text, sizeof(outcome->text), "%s%s%s", node->path,
		err == TRACTOR_IGNORE ? ": " : " did not start: ", text);
	if (err != TRACTOR_OK || !outcome->protocol || !slot_of(node))
		return;
	outcome->err = registry_compare_protocol(slot_of(node), outcome->protocol);
	if (outcome->err != TRACTOR_OK)
		snprintf(outcome->text, sizeof(outcome->text), "%s", tractor_why());
}

/* Adds a child to the root, taking the spec over. */
static tractor_err
add(struct tractor_runtime *runtime, struct spec *spec, struct outcome *outcome)
{
	struct node *node;

	tri_assert(spec != NULL);
	tractor_err err = runtime->closing ? TRACTOR_ECLOSED
					   : tree_add(runtime->tree, tree_root(runtime->tree), spec, &node);

	if (err != TRACTOR_OK) {
		tri_why(err, "%s: %s", spec->name, tractor_err_text(err));
		spec_free(spec);
		return err;
	}
	runtime->start_failure[0] = '\0';
	outcome->id = node->id;
	err = runtime_add_slots(runtime, node);
	if (err == TRACTOR_OK)
		err = waiter_add(runtime, node, WAIT_UP, outcome_known, outcome);
	if (err != TRACTOR_OK)
		tree_terminate(runtime->tree, node);
	return err;
}

/* Adds a child to the root and waits until it is up, or isn't to be. */
static tractor_err
add_and_wait(struct tractor_runtime *runtime, struct spec *spec, struct outcome *outcome)
{
	tractor_err err = add(runtime, spec, outcome);

	while (err == TRACTOR_OK && !outcome->known)
		err = runtime_wait(runtime, TRI_FOREVER);
	waiter_forget(runtime, outcome);
	if (err != TRACTOR_OK || outcome->err == TRACTOR_OK)
		return err;
	if (runtime->closing)
		return tri_why(TRACTOR_ECLOSED, "the tree is being stopped");
	return tri_why(outcome->err, "%s",
		outcome->err == TRACTOR_ESTART && *runtime->start_failure ? runtime->start_failure
									  : outcome->text);
}

/* Stops and forgets a child, so that its name is free again. */
static void
take_back(struct tractor_runtime *runtime, uint64_t id)
{
	struct node *node = tree_by_id(runtime->tree, id);

	if (node)
		tree_terminate(runtime->tree, node);
	while ((node = tree_by_id(runtime->tree, id)) && node->state != NODE_STOPPED)
		if (runtime_wait(runtime, TRI_FOREVER) != TRACTOR_OK)
			return;
	if (node)
		tree_remove(runtime->tree, node);
	settle(runtime);
}

tractor_err
tractor_start_child(struct tractor_runtime *runtime, const struct tractor_protocol *protocol,
	const struct tractor_child *child, struct tractor_address *ret_address)
{
	struct outcome outcome = { .protocol = protocol };
	struct spec *spec = NULL;
	tractor_err err = tree_ended(runtime->tree) ? tri_why(TRACTOR_ECLOSED, "the tree has ended")
						    : build_child(child, &spec);

	if (err == TRACTOR_OK)
		err = add_and_wait(runtime, spec, &outcome);
	if (err == TRACTOR_OK) {
		*ret_address = (struct tractor_address){ .actor = outcome.id };
	} else if (err == TRACTOR_EPROTOCOL) {
		take_back(runtime, outcome.id);
		tri_why(err, "%s", outcome.text);
	}
	return err;
}

tractor_err
tractor_runtime_load(struct tractor_runtime *runtime, const char *path)
{
	struct outcome outcome = { .known = false };
	struct spec *spec;
	tractor_err err = build_file(path, &spec);

	return err == TRACTOR_OK ? add_and_wait(runtime, spec, &outcome) : err;
}

const char *
tractor_runtime_directory(struct tractor_runtime *runtime)
{
	return runtime->rundir.path;
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
	if (runtime->orphans.watch.fd >= 0)
		orphans_close(runtime);
}

void
tractor_runtime_close(struct tractor_runtime *runtime)
{
	if (!runtime)
		return;
	if (runtime->tree) {
		come_down(runtime);
		each_slot(runtime, stop_watching); /* the tree can't be searched while it is freed */
	}
	journal_close(&runtime->events);
	journal_close(&runtime->lines);
	requests_close(runtime);
	policy_close(runtime);
	port_close(runtime);
	waiter_close(runtime);
	tree_free(runtime->tree);
	router_free(runtime->router);
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
	free(runtime);
}
