/*
 * lost.c: keeps what lost.h describes, bounded in number and bytes. It decides about no message: the router has. What there is no memory for is counted, and not kept.
 */
#include "lost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"
#include "slot.h"

static void
letter_free(struct lost_letter *letter)
{
	if (!letter)
		return;
	free(letter->path);
	free(letter->sender);
	if (letter->parcel)
		parcel_let_go(letter->parcel);
	else
		free((void *)letter->payload);
	free(letter);
}

/* NULL: no memory. */
static const uint8_t *
copy_payload(const struct router_message *message)
{
	uint8_t *copy = malloc(message->payload_bytes + 1);

	if (copy && message->payload_bytes > 0)
		memcpy(copy, message->payload, message->payload_bytes);
	return copy;
}

/* NULL: no memory. The payload is kept if it is no longer than `bytes_max`. */
static struct lost_letter *
letter_new(struct tractor_runtime *runtime, const struct router_message *message, const char *name,
	size_t bytes_max)
{
	struct lost_letter *letter = malloc(sizeof(*letter));
	const char *path = runtime_path_of(runtime, message->target),
		   *sender = runtime_path_of(runtime, message->sender);
	bool keeps = message->payload_bytes <= bytes_max;

	if (!letter)
		return NULL;
	*letter = (struct lost_letter){ .number = ++runtime->lost.last_number,
		.time_ms = wall_clock_ms(),
		.path = strdup(path ? path : ""),
		.sender = sender ? strdup(sender) : NULL,
		.target = message->target,
		.fingerprint = message->message,
		.digest = message->digest,
		.ask = message->ask,
		.payload_bytes = message->payload_bytes,
		.parcel = keeps ? parcel_hold(message->parcel) : NULL };
	letter->payload = letter->parcel ? message->payload : keeps ? copy_payload(message) : NULL;
	snprintf(letter->message, sizeof(letter->message), "%s", name);
	if (!letter->path || (sender && !letter->sender) || (keeps && !letter->payload)) {
		letter_free(letter);
		return NULL;
	}
	return letter;
}

static size_t
kept_bytes(const struct lost_letter *letter)
{
	return letter->payload ? letter->payload_bytes : 0;
}

static void
append(struct lost_list *list, struct lost_letter *letter)
{
	struct lost_letter **at = &list->first;

	while (*at) /* LOST_KEPT at most */
		at = &(*at)->next;
	*at = letter;
	list->count++;
	list->bytes += kept_bytes(letter);
}

static struct lost_letter *
take_first(struct lost_list *list)
{
	struct lost_letter *letter = list->first;

	list->first = letter->next;
	list->count--;
	list->bytes -= kept_bytes(letter);
	return letter;
}

void
lost_bury(struct tractor_runtime *runtime, const struct router_message *message, const char *name,
	tractor_err why)
{
	struct lost_list *dead = &runtime->lost.dead;
	struct lost_letter *letter = letter_new(runtime, message, name, LOST_DEAD_BYTES);

	dead->total++;
	if (!letter)
		return;
	letter->why = why;
	append(dead, letter);
	if (dead->count > LOST_KEPT)
		letter_free(take_first(dead));
}

/* The reports of this crash and, if the message was in hand at the last one too, of that. */
static void
note_crashes(struct lost_letter *letter, const struct slot *slot)
{
	if (!slot)
		return;
	if (slot->before.digest == letter->digest)
		memcpy(letter->crashes[0], slot->before.report_id, LOST_ID_BYTES);
	memcpy(letter->crashes[1], slot->report_id, LOST_ID_BYTES);
}

bool
lost_quarantine(struct tractor_runtime *runtime, const struct router_message *message, const char *name)
{
	struct lost_list *poison = &runtime->lost.poison;
	struct lost_letter *letter = letter_new(runtime, message, name, TRI_PAYLOAD_MAX);

	poison->total++;
	if (!letter)
		return false;
	note_crashes(letter, slot_by_id(runtime, message->target));
	append(poison, letter);
	while (poison->count > LOST_KEPT || poison->bytes > LOST_POISON_BYTES) {
		struct lost_letter *oldest = take_first(poison);
		events_note(runtime, "poison_dropped", oldest->path, 0,
			"%s, number %u: there is no more room in quarantine", oldest->message,
			oldest->number);
		letter_free(oldest);
	}
	return true;
}

struct lost_letter *
lost_find_poison(const struct lost *lost, unsigned number)
{
	struct lost_letter *letter = lost->poison.first;

	while (letter && letter->number != number)
		letter = letter->next;
	return letter;
}

void
lost_forget_poison(struct lost *lost, unsigned number)
{
	struct lost_list *poison = &lost->poison;

	for (struct lost_letter **at = &poison->first; *at; at = &(*at)->next) {
		struct lost_letter *letter = *at;
		if (letter->number != number)
			continue;
		*at = letter->next;
		poison->count--;
		poison->bytes -= kept_bytes(letter);
		letter_free(letter);
		return;
	}
}

void
lost_free(struct lost *lost)
{
	while (lost->dead.first)
		letter_free(take_first(&lost->dead));
	while (lost->poison.first)
		letter_free(take_first(&lost->poison));
}
