/*
 * monitors.c: who wants to hear of an actor's ends, and that they do. A monitor is a line in the slot of the watched and in that of the watcher: it goes with the one's slot, or with the other's incarnation. One whose
 * actor has ended already hears so at once. Without memory for the word, it is not told.
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec.h"
#include "control.h"
#include "runtime.h"
#include "slot.h"

struct monitor {
	uint64_t watcher;
	struct monitor *next, **at;		/* of who is watched */
	struct monitor *next_watch, **at_watch; /* of the watcher */
};

static void
monitor_new(struct slot *watched, struct slot *watcher, struct monitor *monitor)
{
	*monitor = (struct monitor){ .watcher = watcher->node->id,
		.next = watched->monitors,
		.at = &watched->monitors,
		.next_watch = watcher->watches,
		.at_watch = &watcher->watches };
	if (monitor->next)
		monitor->next->at = &monitor->next;
	if (monitor->next_watch)
		monitor->next_watch->at_watch = &monitor->next_watch;
	watched->monitors = watcher->watches = monitor;
}

static void
monitor_free(struct monitor *monitor)
{
	*monitor->at = monitor->next;
	if (monitor->next)
		monitor->next->at = monitor->at;
	*monitor->at_watch = monitor->next_watch;
	if (monitor->next_watch)
		monitor->next_watch->at_watch = monitor->at_watch;
	free(monitor);
}

static void
tell_down(struct slot *slot, uint64_t watcher, uint32_t incarnation, const char *reason, bool final)
{
	struct tri_down down = { .actor = slot->node->id,
		.path = slot->node->path,
		.incarnation = incarnation,
		.reason = reason,
		.final = final };
	size_t size = 0, used = 0;
	uint8_t *payload = NULL;

	if (tri_encoded_size(&tri_record_tri_down, &down, &size) == TRACTOR_OK && (payload = malloc(size)) &&
		tri_encode(&tri_record_tri_down, &down, payload, size, &used) == TRACTOR_OK)
		router_post(slot->runtime->router, watcher, ROUTER_DOWN, 0, payload, used);
	free(payload);
}

void
monitors_tell(struct slot *slot, bool final)
{
	char reason[sizeof(slot->last_exit) + sizeof(": ") + sizeof(slot->death.text)];

	snprintf(reason, sizeof(reason), "%s%s%s", slot->last_exit, *slot->death.text ? ": " : "",
		slot->death.text);
	for (struct monitor *monitor = slot->monitors; monitor; monitor = monitor->next)
		tell_down(slot, monitor->watcher, slot->incarnation, reason, final);
}

void
monitors_free(struct slot *slot)
{
	for (struct monitor *monitor = slot->monitors, *next; monitor; monitor = next) {
		next = monitor->next;
		monitor_free(monitor);
	}
}

void
monitors_forget_watcher(struct slot *watcher)
{
	for (struct monitor *monitor = watcher->watches, *next; monitor; monitor = next) {
		next = monitor->next_watch;
		monitor_free(monitor);
	}
}

void
monitors_ask(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg)
{
	const struct tri_supervisor_monitor *monitor = msg;
	tractor_err err;
	struct slot *slot = registry_find(runtime, monitor->actor, &err),
		    *watcher = slot_by_id(runtime, ask->sender);

	if (!watcher) {
		registry_refuse(runtime, ask, TRACTOR_EINVAL, "only an actor can monitor another");
		return;
	}
	if (err == TRACTOR_ENOACTOR) {
		registry_refuse(runtime, ask, err, tractor_err_text(err));
		return;
	}
	for (struct monitor *one = slot ? slot->monitors : NULL; one; one = one->next)
		if (one->watcher == ask->sender) {
			registry_acknowledge(runtime, ask);
			return;
		}
	struct monitor *one = slot ? malloc(sizeof(*one)) : NULL;
	if (slot && !one) {
		registry_refuse(runtime, ask, TRACTOR_ENOMEM, "out of memory");
		return;
	}
	if (one)
		monitor_new(slot, watcher, one);
	registry_acknowledge(runtime, ask);
	/* It has ended already: now is when that is heard. Of one that is gone not even the path is known. */
	if (slot && slot->node->state == NODE_STOPPED && !slot->undecided && slot->incarnation > 0)
		tell_down(slot, ask->sender, slot->incarnation, slot->last_exit, true);
	else if (!slot)
		tell_down(&(struct slot){ .runtime = runtime,
				  .node = &(struct node){ .id = monitor->actor, .path = "" } },
			ask->sender, 0, "gone", true);
}
