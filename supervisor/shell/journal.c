/*
 * journal.c: what happened: a ring of the last events and those who follow them. An event that there is no memory for is not kept, and nothing else: the program hears of it all the
 * same.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime.h"
#include "utf8.h"

#define BRIEF_BYTES 1024 /* of an event that there is no memory for */

struct follower {
	struct follower *next;
	struct journal *journal;
	struct control_request *request;
	char *path; /* NULL: all */
};

int64_t
wall_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static json_t *
entry_json(const struct entry *entry)
{
	return json_pack("{s:i, s:I, s:s, s:s, s:i, s:o}", "schema_version", 1, "time",
		(json_int_t)entry->time_ms, "event", entry->name, "path", entry->path, "incarnation",
		(int)entry->incarnation, "text", utf8_json(entry->text, strlen(entry->text)));
}

static void
free_entry(struct entry *entry)
{
	free(entry->path);
	free(entry->text);
	*entry = (struct entry){ .path = NULL };
}

/* Takes the texts; NULL: there was no memory for them. */
static const struct entry *
add(struct journal *journal, const char *name, char *path, uint32_t incarnation, char *text)
{
	struct entry entry = {
		.time_ms = wall_clock_ms(), .incarnation = incarnation, .path = path, .text = text
	};

	snprintf(entry.name, sizeof(entry.name), "%s", name);
	if (!path || !text) {
		free_entry(&entry);
		return NULL;
	}
	struct entry *place = &journal->kept[journal->count++ % JOURNAL_KEPT];
	free_entry(place);
	*place = entry;
	for (struct follower *follower = journal->followers; follower; follower = follower->next)
		if (spec_path_below(follower->path, path))
			control_data(follower->request, entry_json(place));
	return place;
}

void
events_note(struct tractor_runtime *runtime, const char *name, const char *path, uint32_t incarnation,
	const char *format, ...)
{
	const struct tractor_options *options = &runtime->options;
	char brief[BRIEF_BYTES];
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	const struct entry *entry = add(&runtime->events, name, strdup(path), incarnation, text);
	if (!options->on_event)
		return;
	if (!entry) {
		va_start(arguments, format);
		vsnprintf(brief, sizeof(brief), format, arguments);
		va_end(arguments);
	}
	options->on_event(options->arg, &(struct tractor_event){ .time_ms = wall_clock_ms(),
						.event = name,
						.path = path,
						.incarnation = incarnation,
						.text = entry ? entry->text : brief });
}

static void
unfollow(struct control_request *request)
{
	struct follower *follower = request->own;
	struct follower **at = &follower->journal->followers;

	while (*at != follower)
		at = &(*at)->next;
	*at = follower->next;
	free(follower->path);
	free(follower);
}

static struct follower *
follow(struct journal *journal, struct control_request *request, const char *path)
{
	struct follower *follower = calloc(1, sizeof(*follower));

	if (!follower || (path && !(follower->path = strdup(path)))) {
		free(follower);
		return NULL;
	}
	follower->next = journal->followers;
	follower->journal = journal;
	follower->request = request;
	journal->followers = follower;
	request->own = follower;
	request->gone = unfollow;
	return follower;
}

static uint64_t
first_kept(const struct journal *journal)
{
	return journal->count > JOURNAL_KEPT ? journal->count - JOURNAL_KEPT : 0;
}

bool
journal_knows(const struct journal *journal, const char *path)
{
	for (uint64_t i = first_kept(journal); i < journal->count; i++)
		if (spec_path_below(path, journal->kept[i % JOURNAL_KEPT].path))
			return true;
	return false;
}

void
journal_serve(struct journal *journal, struct control_request *request, const char *path, bool and_follow)
{
	for (uint64_t i = first_kept(journal); i < journal->count; i++)
		if (spec_path_below(path, journal->kept[i % JOURNAL_KEPT].path))
			control_data(request, entry_json(&journal->kept[i % JOURNAL_KEPT]));
	if (!and_follow)
		control_end(request, CONTROL_DONE, NULL);
	else if (!follow(journal, request, path))
		control_end(request, CONTROL_FAILED, "out of memory");
}

void
journal_close(struct journal *journal)
{
	for (struct follower *follower; (follower = journal->followers);) {
		struct control_request *request = follower->request;
		unfollow(request);
		control_end(request, CONTROL_DONE, NULL);
	}
	for (size_t i = 0; i < JOURNAL_KEPT; i++)
		free_entry(&journal->kept[i]);
}
