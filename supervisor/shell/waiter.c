/*
 * waiter.c: commands and calls that are answered when a node has come up or gone down. A node that ends while somebody waits for it to come up has failed to start, and is
 * answered with why. Few wait at a time, so they are one list.
 */
#include <stdlib.h>

#include "runtime.h"
#include "slot.h"

struct waiter {
	struct waiter *next;
	struct node *node;
	enum waiter_for what;
	waiter_done *done;
	void *arg;
};

static const char *
why_not(struct node *node)
{
	struct slot *slot = slot_of(node);

	if (!slot)
		return "one of its children did not start";
	if (slot->refusal || *slot->death.text)
		return slot->refusal ? slot->refusal : slot->death.text;
	return *slot->last_exit ? slot->last_exit : "it was stopped before it had started";
}

/* Whether it is over for this one, and how. */
static bool
is_over(const struct waiter *waiter, tractor_err *ret_err, const char **ret_text)
{
	struct node *node = waiter->node;
	bool down = node->state == NODE_STOPPED || node->state == NODE_GONE;

	*ret_err = TRACTOR_OK;
	*ret_text = "";
	if (waiter->what == WAIT_DOWN)
		return down;
	if (node->state == NODE_RUNNING || !down)
		return node->state == NODE_RUNNING;
	*ret_err = node->last_end == NODE_END_IGNORED ? TRACTOR_IGNORE : TRACTOR_ESTART;
	*ret_text = *ret_err == TRACTOR_IGNORE ? "its on_start says that it is not needed" : why_not(node);
	return true;
}

bool
waiter_is_over(struct node *node, enum waiter_for what)
{
	struct waiter waiter = { .node = node, .what = what };
	tractor_err err;
	const char *text;

	return is_over(&waiter, &err, &text);
}

tractor_err
waiter_add(struct tractor_runtime *runtime, struct node *node, enum waiter_for what, waiter_done *done,
	void *arg)
{
	struct waiter *waiter = malloc(sizeof(*waiter));

	if (!waiter)
		return TRACTOR_ENOMEM;
	*waiter = (struct waiter){
		.next = runtime->waiters, .node = node, .what = what, .done = done, .arg = arg
	};
	runtime->waiters = waiter;
	return TRACTOR_OK;
}

void
waiter_forget(struct tractor_runtime *runtime, const void *arg)
{
	for (struct waiter **at = &runtime->waiters; *at;) {
		struct waiter *waiter = *at;
		if (waiter->arg != arg) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		free(waiter);
	}
}

void
waiter_changed(struct tractor_runtime *runtime, struct node *node)
{
	tractor_err err;
	const char *text;

	/* From the start each time: what one does may add or remove others. */
	for (struct waiter **at = &runtime->waiters; *at;) {
		struct waiter *waiter = *at;
		if (waiter->node != node || !is_over(waiter, &err, &text)) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		waiter->done(waiter->arg, node, err, text);
		free(waiter);
		at = &runtime->waiters;
	}
}

void
waiter_close(struct tractor_runtime *runtime)
{
	for (struct waiter *waiter; (waiter = runtime->waiters);) {
		runtime->waiters = waiter->next;
		free(waiter);
	}
}
