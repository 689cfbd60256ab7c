/*
 * model.c: the model's slots, and each step that the core takes held against the one that the model expects of that slot.
 * When they differ it says both, and the life is over.
 */
#include <stdlib.h>

#include "simulator.h"

struct model model;

void
model_copy_spec(struct slot *slot, const struct spec *spec)
{
	bool is_pool = spec->kind == SPEC_POOL;

	slot->kind = spec->kind;
	slot->strategy = spec->strategy;
	slot->auto_shutdown = spec->auto_shutdown;
	slot->intensity = spec->intensity;
	slot->period_ns = spec->period_ns;
	slot->pool_max = spec->pool_max;
	/* A pool's are its members': for its parent it is a permanent supervisor. */
	slot->restart = is_pool ? SPEC_PERMANENT : spec->restart;
	slot->shutdown_ns = is_pool ? SPEC_SHUTDOWN_INFINITY : spec->shutdown_ns;
	slot->significant = !is_pool && spec->significant;
	slot->start_timeout_ns = spec->start_timeout_ns;
	slot->backoff = spec->backoff;
	slot->template_restart = spec->restart;
	slot->template_shutdown_ns = spec->shutdown_ns;
	slot->version = plant_version(spec);
}

struct slot *
model_make(const struct spec *spec, struct slot *parent)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	sim_check(slot != NULL, "out of memory");
	model_copy_spec(slot, spec);
	slot->parent = parent;
	slot->state = NODE_STOPPED;
	slot->last_end = NODE_END_NONE;
	slot_path(slot->path, sizeof(slot->path), parent, spec->name);
	for (size_t i = 0; i < spec->child_count; i++) {
		struct slot *child = model_make(spec->children[i], slot);
		slot->children[slot->child_count++] = slot->statics[slot->static_count++] = child;
	}
	return slot;
}

void
model_bind(struct slot *slot, struct tree *tree, uint64_t last_id)
{
	slot->node = tree_find(tree, slot->path);
	sim_check(slot->node != NULL, "%s is not in the tree", slot->path);
	slot->id = slot->node->id;
	sim_check(slot->id > last_id && tree_by_id(tree, slot->id) == slot->node,
		"%s has the id %llu, which is not new", slot->path, (unsigned long long)slot->id);
	if (model.last_id < slot->id)
		model.last_id = slot->id;
	slot->node->shell = slot;
	slot->since_ns = slot->node->since_ns;
	for (size_t i = 0; i < slot->child_count; i++)
		model_bind(slot->children[i], tree, last_id);
}

void
model_drop(struct slot *slot)
{
	if (slot == NULL)
		return;
	for (size_t i = 0; i < slot->child_count; i++)
		if (slot->children[i]->dynamic)
			model_drop(slot->children[i]);
	for (size_t i = 0; i < slot->static_count; i++)
		model_drop(slot->statics[i]);
	free(slot);
}

/* A list of children without, or with, this one: those of the spec in its order, the others behind them. */
static void
take_off(struct slot *slot)
{
	struct slot *parent = slot->parent;
	size_t kept = 0;

	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i] != slot)
			parent->children[kept++] = parent->children[i];
	parent->child_count = kept;
}

static void
put_back(struct slot *slot)
{
	struct slot *parent = slot->parent, *others[MODEL_CHILDREN_MAX];
	size_t count = 0;

	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i]->dynamic)
			others[count++] = parent->children[i];
	parent->child_count = 0;
	for (size_t i = 0; i < parent->static_count; i++)
		if (parent->statics[i]->state != NODE_GONE)
			parent->children[parent->child_count++] = parent->statics[i];
	for (size_t i = 0; i < count; i++)
		parent->children[parent->child_count++] = others[i];
}

/* What the spec says is there anew, and with it all below it. */
static void
come_back(struct slot *slot)
{
	slot->forgotten = slot->leaves = slot->killing = slot->new = false;
	slot->last_end = NODE_END_NONE;
	slot->restarts = 0;
	slot->next_delay_ns = 0;
	slot->node->shell = slot;
	sim_check(slot->node->id > model.last_id, "%s came back under an old id", slot->path);
	model.last_id = slot->id = slot->node->id;
	put_back(slot);
}

static void
enter_stopping(struct slot *slot, enum node_state from, const char *event)
{
	int64_t start_limit_ns = from == NODE_STARTING ? slot->limit_ns : 0;

	slot->limit_ns = 0;
	if (strcmp(event, "stop") == 0)
		rules_asked_down(slot);
	if (strcmp(event, "stop") == 0 && start_limit_ns != 0)
		rules_asked_down_unready(slot, start_limit_ns);
	if (strcmp(event, "kill") == 0)
		slot->killed = slot->told = true;
	if (slot->kind != SPEC_ACTOR && slot->falls == TREE_NOT_ENDED)
		slot->falls = TREE_TERMINATED;
}

/* The slot is in its new state; what follows from that. */
static void
enter(struct slot *slot, enum node_state from, const char *event)
{
	switch (slot->state) {
	case NODE_STARTING: rules_started(slot); break;
	case NODE_RUNNING: rules_ready(slot); break;
	case NODE_STOPPING: enter_stopping(slot, from, event); break;
	case NODE_GONE:
		take_off(slot);
		slot->awaited = false;
		break;
	case NODE_STOPPED:
		if (from == NODE_GONE)
			come_back(slot);
		else
			slot->wish = WISH_RESTART; /* if it comes again, unless somebody says otherwise */
		slot->awaited = false;
		break;
	case NODE_WAITING: slot->leaves = slot->killing = false; break;
	}
}

static void
owe(struct slot *slot, enum act act)
{
	slot->owed = act;
	model.owing = act != ACT_NONE ? slot : NULL;
}

/* It is complete: what happens to its children may make it incomplete again, but it may be said from now on. */
static void
note_came_up(struct slot *supervisor)
{
	if (supervisor != NULL && supervisor->state == NODE_STARTING && steps_settled(supervisor))
		supervisor->came_up = true;
}

static void
move(struct slot *slot, enum node_state to, const char *event)
{
	enum node_state from = slot->state;

	delay_ran(slot);
	if (slot_at_rest(slot) && slot_at_rest_in(to))
		slot->ordered = false;
	if (to == NODE_STARTING && slot->kind == SPEC_ACTOR)
		starts_check(slot);
	slot->state = to;
	slot->since_ns = model.now_ns;
	slot->due_ns = 0;
	slot->line = 0;
	slot->line_unknown = false;
	enter(slot, from, event);
	delay_take();
	coverage_step(slot, from, event);
	note_came_up(slot);
	note_came_up(slot->parent);
}

static bool
is_step(const struct step *step, enum node_state to, const char *event)
{
	return step->to == to && strcmp(step->event, event) == 0;
}

/*
 * When the last of a supervisor's children went it may have been killed just before, or not yet: by somebody above that was told to go at last.
 * Nothing but its end shows which it was.
 */
static bool
may_have_been_killed(const struct slot *slot)
{
	if (slot->killed_late || slot->killed_perhaps)
		return true;
	for (; slot != NULL; slot = slot->parent)
		if (slot->shutdown_ns == SPEC_SHUTDOWN_KILL && steps_to_insist(slot))
			return true;
	return false;
}

/* By its own next step? An end of a supervisor is one. */
static bool
by_itself(struct slot *slot, enum node_state to, const char *event)
{
	struct step step;

	if (!model_next(slot, &step) || !is_step(&step, to, event))
		return false;
	if (strcmp(event, "ended") == 0) {
		if (slot->node->last_end == NODE_END_KILLED)
			slot->killed = slot->killed || may_have_been_killed(slot);
		rules_ended(
			slot, rules_supervisor_end(slot), (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
	}
	move(slot, to, event);
	owe(slot, step.act);
	return true;
}

/* By the oldest event from outside? */
static bool
by_event(struct slot *slot, enum node_state to, const char *event)
{
	struct step step;

	if (!posted_next(slot, &step) || !is_step(&step, to, event))
		return false;
	struct posted posted = posted_take();
	bool by_host = posted.kind == POSTED_ENDED && fate_of(slot, posted.end, posted.verdict) == FATE_HOST;
	if (posted.kind == POSTED_ENDED)
		rules_ended(slot, posted.end, posted.verdict);
	move(slot, to, event);
	if (by_host) {
		starts_host_refused(slot);
		slot->due_ns = model.host_due_ns;
	}
	return true;
}

/* Its start was complete, and that was said; what has died since then does not unsay it. */
static bool
by_having_come_up(struct slot *slot, enum node_state to, const char *event)
{
	struct step step = { NODE_RUNNING, "ready", ACT_NONE };

	if (slot->kind == SPEC_ACTOR || slot->state != NODE_STARTING || !slot->came_up ||
		!is_step(&step, to, event))
		return false;
	move(slot, to, event);
	return true;
}

/*
 * What is next that nobody sees: one beside it or above waits on, some supervisor above is told to go at last, or a time is over. False: nothing
 * is.
 */
static bool
something_unseen(struct slot *slot)
{
	if (order_passed(slot))
		return true;
	for (struct slot *above = slot->parent; above != NULL; above = above->parent)
		if (steps_to_insist(above)) {
			rules_insist_unseen(above);
			return true;
		}
	return patience_ends(slot) || patience_of_another();
}

/* What the model expects of it, for the report. */
static const char *
expected(const struct slot *slot)
{
	static char text[128];
	struct step step;

	if (!model_next(slot, &step) && !posted_next(slot, &step))
		return "nothing";
	snprintf(text, sizeof(text), "%s by \"%s\"%s", node_state_name(step.to), step.event,
		(const char *[]){ "", " and a start", " and a stop", " and a kill" }[step.act]);
	return text;
}

static void
nothing_owed(void)
{
	if (model.owing != NULL)
		sim_fail("%s is %s, and was not %s", model.owing->path, node_state_name(model.owing->state),
			(const char *[]){ "", "started", "asked to stop", "killed" }[model.owing->owed]);
}

void
model_changed(struct slot *slot, enum node_state from, enum node_state to, const char *event)
{
	nothing_owed();
	order_look();
	starts_look(slot);
	posted_pass();
	sim_check(slot->state == from, "%s was %s, not %s", slot->path, node_state_name(slot->state),
		node_state_name(from));
	do {
		if (by_itself(slot, to, event) || by_event(slot, to, event) ||
			by_having_come_up(slot, to, event)) {
			if (strcmp(event, "kill") != 0)
				model.over = NULL;
			return;
		}
	} while (something_unseen(slot));
	sim_fail("%s: %s became %s by \"%s\"; expected: %s", slot->path, node_state_name(from),
		node_state_name(to), event, expected(slot));
}

static void
note_kill(struct slot *slot)
{
	slot->killed = true;
	slot->limit_ns = 0; /* nothing more can be done */
}

static void
own_time_ends(struct slot *slot)
{
	if (slot->state == NODE_STARTING)
		REACHED(START_LIMIT);
	else if (slot->unready)
		REACHED(STOP_UNREADY_LIMIT);
	else
		REACHED(STOP_LIMIT);
	patience_note(slot);
}

void
model_acts(struct slot *slot, enum act act)
{
	struct step step;

	if (model.owing != NULL && model.owing == slot && slot->owed == act) {
		owe(slot, ACT_NONE);
		if (act == ACT_KILL)
			note_kill(slot);
		return;
	}
	nothing_owed();
	order_look();
	posted_pass();
	do {
		if (!model_next(slot, &step) || step.to != slot->state || step.act != act)
			continue;
		if (strcmp(step.event, "timeout") == 0 && patience_first(slot) != slot)
			continue;
		if (strcmp(step.event, "timeout") == 0)
			own_time_ends(slot);
		note_kill(slot);
		return;
	} while (something_unseen(slot));
	sim_fail("%s (%s) was %s; expected: %s", slot->path, node_state_name(slot->state),
		(const char *[]){ "", "started", "asked to stop", "killed" }[act], expected(slot));
}

void
model_gives_up(struct slot *slot, struct slot *culprit)
{
	nothing_owed();
	sim_check(slot->owes_gives_up == culprit, "%s gave up because of %s, expected: %s", slot->path,
		culprit->path, slot->owes_gives_up == NULL ? "it does not" : slot->owes_gives_up->path);
	slot->owes_gives_up = NULL;
}

/* All that waits for its turn and for no time any more; and supervisors whose patience is over, to whose children that made no difference. */
static void
time_is_over(struct slot *slot)
{
	if (slot->due_ns <= model.now_ns)
		slot->due_ns = 0;
	if (steps_to_insist(slot))
		rules_insist_unseen(slot);
	if (slot->limit_ns != 0 && slot->limit_ns <= model.now_ns &&
		(slot->kind != SPEC_ACTOR || slot->killed))
		rules_timeout(slot);
	for (size_t i = 0; i < slot->child_count; i++)
		time_is_over(slot->children[i]);
}

static void
is_quiet(struct slot *slot)
{
	struct step step;

	if (model_next(slot, &step))
		sim_fail("%s (%s) was left as it is; expected: %s", slot->path, node_state_name(slot->state),
			expected(slot));
	starts_check_held(slot);
	sim_check(slot->owes_gives_up == NULL, "%s comes down and did not say that it gives up", slot->path);
	for (size_t i = 0; i < slot->static_count; i++)
		if (slot->statics[i]->state == NODE_GONE)
			is_quiet(slot->statics[i]);
	for (size_t i = 0; i < slot->child_count; i++)
		is_quiet(slot->children[i]);
}

void
model_quiet(void)
{
	nothing_owed();
	posted_pass();
	sim_check(
		model.count == 0, "%s: what was posted was not handled", model.queue[model.first].slot->path);
	starts_host_over();
	time_is_over(model.root);
	order_quiet();
	is_quiet(model.root);
	starts_look(NULL); /* one that has joined the line without a step may leave it before the next */
	model.over = NULL;
	model.limits_quiet = model.limits;
}
