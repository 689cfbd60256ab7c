/*
 * events.c: what happened, in order: kept in a ring, told to the program, streamed to whoever follows. An event that there is no memory for is lost, and nothing else.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shell.h"

struct follower {
	struct follower *next;
	struct tractor_runtime *runtime;
	struct control_request *request;
};

int64_t
wall_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static json_t *
event_json(const struct event *event)
{
	return json_pack("{s:i, s:I, s:s, s:s, s:i, s:s}", "schema_version", 1, "time",
		(json_int_t)event->time_ms, "event", event->name, "path", event->path, "incarnation",
		(int)event->incarnation, "text", event->text);
}

static void
free_event(struct event *event)
{
	free(event->path);
	free(event->text);
	*event = (struct event){ .path = NULL };
}

static void
tell(struct tractor_runtime *runtime, const struct event *event)
{
	if (runtime->options.on_event)
		runtime->options.on_event(
			runtime->options.arg, &(struct tractor_event){ .time_ms = event->time_ms,
						      .event = event->name,
						      .path = event->path,
						      .incarnation = event->incarnation,
						      .text = event->text });
	for (struct follower *follower = runtime->events.followers; follower; follower = follower->next)
		control_data(follower->request, event_json(event));
}

void
events_note(struct tractor_runtime *runtime, const char *name, const char *path, uint32_t incarnation,
	const char *format, ...)
{
	struct event event = { .time_ms = wall_clock_ms(), .incarnation = incarnation, .path = strdup(path) };
	va_list arguments;

	snprintf(event.name, sizeof(event.name), "%s", name);
	va_start(arguments, format);
	if (vasprintf(&event.text, format, arguments) < 0)
		event.text = NULL;
	va_end(arguments);
	if (!event.path || !event.text) {
		free_event(&event);
		return;
	}
	struct event *place = &runtime->events.kept[runtime->events.count++ % EVENTS_KEPT];
	free_event(place);
	*place = event;
	tell(runtime, place);
}

static void
unfollow(struct control_request *request)
{
	struct follower *follower = request->own;
	struct follower **at = &follower->runtime->events.followers;

	while (*at != follower)
		at = &(*at)->next;
	*at = follower->next;
	free(follower);
}

void
events_serve(struct tractor_runtime *runtime, struct control_request *request, bool follow)
{
	struct events *events = &runtime->events;
	uint64_t first = events->count > EVENTS_KEPT ? events->count - EVENTS_KEPT : 0;

	for (uint64_t i = first; i < events->count; i++)
		control_data(request, event_json(&events->kept[i % EVENTS_KEPT]));
	struct follower *follower = follow ? malloc(sizeof(*follower)) : NULL;
	if (!follower) {
		control_end(request, follow ? CONTROL_FAILED : CONTROL_DONE, follow ? "out of memory" : NULL);
		return;
	}
	*follower = (struct follower){ .next = events->followers, .runtime = runtime, .request = request };
	events->followers = follower;
	request->own = follower;
	request->gone = unfollow;
}

void
events_close(struct tractor_runtime *runtime)
{
	struct events *events = &runtime->events;

	for (struct follower *follower; (follower = events->followers);) {
		events->followers = follower->next;
		control_end(follower->request, CONTROL_DONE, NULL);
		free(follower);
	}
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		free_event(&events->kept[i]);
}
