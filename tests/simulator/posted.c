/*
 * posted.c: what comes to the tree from outside: events of processes, and commands. They are handled in the order in which they were
 * posted; one that speaks of an incarnation that is over is dropped and counted; of commands for the same node the newest counts.
 */
#include "model.h"
#include "simulator.h"

static struct posted *
at(unsigned place)
{
	return &model.queue[(model.first + place) % MODEL_QUEUE_MAX];
}

static void
put(struct posted posted)
{
	sim_check(model.count < MODEL_QUEUE_MAX, "too much was posted at one time");
	*at(model.count++) = posted;
}

static bool
end_is_posted(const struct slot *slot)
{
	for (unsigned i = 0; i < model.count; i++)
		if (at(i)->slot == slot && at(i)->kind == POSTED_ENDED)
			return true;
	return false;
}

void
model_post_ready(struct slot *slot, uint32_t incarnation)
{
	if (incarnation != slot->incarnation)
		REACHED(STALE);
	if (incarnation != slot->incarnation || end_is_posted(slot))
		model.dropped++;
	else
		put((struct posted){ .slot = slot, .kind = POSTED_READY, .incarnation = incarnation });
}

void
model_post_ended(struct slot *slot, uint32_t incarnation, enum node_end end, struct node_verdict verdict)
{
	if (incarnation != slot->incarnation)
		model.dropped++;
	else
		put((struct posted){ slot, POSTED_ENDED, incarnation, end, verdict });
}

/* What the caller is told at once (case 64). */
static tractor_err
answer(const struct slot *slot, enum model_command command)
{
	bool parent_runs = slot->parent == NULL || slot->parent->state == NODE_RUNNING;
	bool to_run = slot->command == ASK_START || slot->command == ASK_ADD ||
		      slot->command == ASK_RESTART || slot->command == ASK_LINE_UP;

	if (command == ASK_TERMINATE || command == ASK_KILL)
		return TRACTOR_OK;
	if (slot->state == NODE_GONE || slot->doomed)
		return TRACTOR_ESTOPPED;
	if (command == ASK_REMOVE)
		return slot->parent == NULL || slot->state != NODE_STOPPED || to_run ? TRACTOR_EINVAL
										     : TRACTOR_OK;
	if (slot->command == ASK_REMOVE)
		return TRACTOR_ESTOPPED;
	if (command == ASK_START && (slot->state != NODE_STOPPED || to_run))
		return TRACTOR_EEXIST;
	return parent_runs ? TRACTOR_OK : TRACTOR_ECLOSED;
}

void
posted_order(struct slot *slot, enum model_command command)
{
	if (slot->command == ASK_NONE)
		put((struct posted){ .slot = slot, .kind = POSTED_COMMAND });
	slot->command = command;
}

void
posted_turns(struct slot *supervisor)
{
	if (!supervisor->turns)
		put((struct posted){ .slot = supervisor, .kind = POSTED_TURNS });
	supervisor->turns = true;
}

tractor_err
model_command(struct slot *slot, enum model_command command)
{
	tractor_err err = answer(slot, command);

	if (err != TRACTOR_OK || slot->state == NODE_GONE)
		return err;
	if (slot->command == ASK_REMOVE || (slot->command == ASK_ADD && command == ASK_RESTART))
		return TRACTOR_OK; /* nothing is left to ask for */
	if (slot->command != ASK_NONE && slot->command != command)
		REACHED(COMMAND_REPLACED);
	posted_order(slot, command);
	return TRACTOR_OK;
}

static bool
has_child(const struct slot *parent, const char *name)
{
	char path[sizeof(parent->path)];

	slot_path(path, sizeof(path), parent, name);
	for (size_t i = 0; i < parent->child_count; i++)
		if (strcmp(parent->children[i]->path, path) == 0)
			return true;
	return false;
}

/* start_child (cases 64, 65, 67). */
tractor_err
model_may_add(const struct slot *parent, const struct spec *spec)
{
	if (parent->kind == SPEC_ACTOR || (parent->kind == SPEC_POOL && spec->kind != SPEC_ACTOR))
		return TRACTOR_EINVAL;
	if (spec->significant && (parent->auto_shutdown == SPEC_NEVER || spec->restart == SPEC_PERMANENT))
		return TRACTOR_EINVAL;
	if (parent->state != NODE_RUNNING)
		return TRACTOR_ECLOSED;
	if (has_child(parent, spec->name))
		return TRACTOR_EEXIST;
	if (parent->kind == SPEC_POOL && parent->child_count >= parent->pool_max)
		return TRACTOR_EFULL;
	return TRACTOR_OK;
}

/* Ready counts once, in its own time; and not if it is being killed because that time is over. */
static bool
ready_counts(const struct posted *posted)
{
	const struct slot *slot = posted->slot;

	return posted->incarnation == slot->incarnation && slot->state == NODE_STARTING && !slot->killed;
}

static bool
end_counts(const struct posted *posted)
{
	return posted->incarnation == posted->slot->incarnation && !slot_at_rest(posted->slot);
}

bool
posted_next(const struct slot *slot, struct step *ret_step)
{
	const struct posted *posted = at(0);

	if (model.count == 0 || posted->slot != slot)
		return false;
	if (posted->kind == POSTED_READY && ready_counts(posted))
		*ret_step = (struct step){ NODE_RUNNING, "ready", ACT_NONE };
	else if (posted->kind == POSTED_ENDED && end_counts(posted))
		*ret_step = (struct step){ fate_state(slot, fate_of(slot, posted->end, posted->verdict)),
			"ended", ACT_NONE };
	else
		return false;
	return true;
}

/* Takes the event whose step the core has just taken. */
struct posted
posted_take(void)
{
	struct posted posted = *at(0);

	model.first = (model.first + 1) % MODEL_QUEUE_MAX;
	model.count--;
	return posted;
}

/* A process that is asked to stop before it was ready may well say that it is, meanwhile. */
static bool
is_harmless(const struct posted *posted)
{
	const struct slot *slot = posted->slot;

	return posted->kind == POSTED_READY && posted->incarnation == slot->incarnation &&
	       (slot->state == NODE_STOPPING || slot->state == NODE_STARTING);
}

static void
pass(void)
{
	struct posted posted = posted_take();

	if (posted.kind == POSTED_TURNS) {
		posted.slot->turns = false;
	} else if (posted.kind == POSTED_COMMAND) {
		enum model_command command = posted.slot->command;
		posted.slot->command = ASK_NONE;
		rules_command(posted.slot, command);
	} else if (!is_harmless(&posted)) {
		model.dropped++;
	} else if (posted.slot->state == NODE_STOPPING) {
		REACHED(READY_WHILE_STOPPING);
		rules_ready_while_stopping(posted.slot);
	} else {
		REACHED(READY_TOO_LATE);
	}
}

/* Only when all that belongs to the event before it has been done, and all that has its turn with it. */
static bool
may_pass(const struct posted *posted)
{
	struct step step;

	return !posted_next(posted->slot, &step) && !steps_pending(model.root) &&
	       (posted->kind != POSTED_TURNS || !order_has_turns(posted->slot));
}

/* Past all that makes nobody take a step: it is stale, or a command, of which the steps follow. */
void
posted_pass(void)
{
	while (model.count > 0 && may_pass(at(0)))
		pass();
}
