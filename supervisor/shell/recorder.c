/*
 * recorder.c: keeps what a process was answered while it is at one thing, and at its death makes a recording of that and of all else that it takes to have it die again. While nothing crashes that costs one copy
 * of each answer, in memory that is used again for the next message; tells and messages cost nothing. The memory is bounded; what there is none for is missing in the recording, which says so.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor_process.h"
#include "shell.h"
#include "state.h"
#include "sys.h"
#include "why.h"

#define ROOM_FIRST ((size_t)1 << 10)
#define ROOM_KEPT ((size_t)64 << 10) /* from one message to the next */

/* As it is packed: what is not of a kind is 0. The payload is behind it. */
struct word {
	uint64_t correlation, message, target;
	int32_t err;
	uint32_t payload_bytes;
	uint8_t kind;
};

/* --- while it lives --- */

/* The words of what it is at; begun anew if that is another thing than the last time. */
static struct recorder_words *
words_of(struct slot *slot)
{
	struct recorder_words *words = &slot->recorder.hand;

	if (!slot->ready)
		return &slot->recorder.start;
	uint64_t hand = atomic_load(&slot->box->in_hand), done = atomic_load(&slot->box->done),
		 sequence = hand > done ? hand : 0;
	if (words->sequence == sequence)
		return words;
	words->sequence = sequence;
	words->size = 0;
	words->cut = false;
	if (words->room > ROOM_KEPT) {
		free(words->bytes);
		*words = (struct recorder_words){ .sequence = sequence };
	}
	return words;
}

static bool
has_room(struct recorder_words *words, size_t size)
{
	size_t room = words->room > 0 ? words->room : ROOM_FIRST;

	while (room - words->size < size && room < RECORDING_ANSWERS_MAX)
		room *= 2;
	if (room - words->size < size)
		return false;
	if (room == words->room)
		return true;
	uint8_t *bytes = realloc(words->bytes, room);
	if (!bytes)
		return false;
	words->bytes = bytes;
	words->room = room;
	return true;
}

/* Once one is missing none is kept that comes after it. */
static void
add(struct recorder_words *words, const struct word *word, const uint8_t *payload)
{
	if (words->cut || !has_room(words, sizeof(*word) + word->payload_bytes)) {
		words->cut = true;
		return;
	}
	memcpy(words->bytes + words->size, word, sizeof(*word));
	words->size += sizeof(*word);
	if (word->payload_bytes > 0)
		memcpy(words->bytes + words->size, payload, word->payload_bytes);
	words->size += word->payload_bytes;
}

void
recorder_sent(struct slot *slot, const struct tri_frame *frame)
{
	if (!(frame->flags & TRI_FLAG_ASK) || !slot->box)
		return;
	add(words_of(slot),
		&(struct word){ .kind = RECORDED_ASK,
			.correlation = frame->correlation,
			.message = frame->message,
			.target = frame->target },
		NULL);
}

void
recorder_told(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes)
{
	bool answers = frame->kind == TRI_FRAME_ANSWER;

	if (!slot->box ||
		(!answers && frame->err == TRACTOR_OK)) /* that a tell is taken over goes without saying */
		return;
	add(words_of(slot),
		&(struct word){ .kind = answers ? RECORDED_ANSWER : RECORDED_REFUSED,
			.correlation = frame->correlation,
			.err = frame->err,
			.payload_bytes = (uint32_t)payload_bytes },
		payload);
}

void
recorder_clear(struct slot *slot)
{
	free(slot->recorder.start.bytes);
	free(slot->recorder.hand.bytes);
	free(slot->recorder.made);
	slot->recorder = (struct recorder){ .made = NULL };
}

/* --- at its death: parts, in an arena; what there is no memory for is none --- */

/* `missing` says what could not be kept, the last of it. */
struct making {
	struct slot *slot;
	struct tri_arena *arena;
	struct recording_about *about;
	const char *missing;
};

static struct word
word_at(const struct recorder_words *words, size_t at)
{
	struct word word;

	memcpy(&word, words->bytes + at, sizeof(word));
	return word;
}

/* Those behind `before`, numbered from there. */
static tractor_field_list_recorded_word
take_words(struct making *making, const struct recorder_words *words, uint64_t before)
{
	size_t count = 0, at = 0;

	for (at = 0; at < words->size; at += sizeof(struct word) + word_at(words, at).payload_bytes)
		count++;
	struct recorded_word *items = tri_arena_alloc(making->arena, count * sizeof(*items));
	if (words->cut || !items)
		making->missing =
			"some of the answers to its asks: there were more than 1 MiB of them, or no memory";
	if (!items)
		return (tractor_field_list_recorded_word){ .count = 0 };
	count = 0;
	for (at = 0; at < words->size; at += sizeof(struct word) + word_at(words, at).payload_bytes) {
		struct word word = word_at(words, at);
		if (word.correlation <= before) /* to what it had asked at an earlier message */
			continue;
		items[count++] = (struct recorded_word){ .kind = word.kind,
			.number = word.correlation - before,
			.err = word.err,
			.message = word.message,
			.target = word.target,
			.payload = { words->bytes + at + sizeof(word), word.payload_bytes } };
	}
	return (tractor_field_list_recorded_word){ .items = items, .count = count };
}

static void
add_answers(struct making *making)
{
	const struct slot *slot = making->slot;
	const struct recorder *recorder = &slot->recorder;
	const struct tri_in_hand *hand = &slot->box->hand;
	uint64_t sequence = making->about->sequence, before = 0;

	making->about->start = take_words(making, &recorder->start, (uint64_t)slot->incarnation << 32);
	if (recorder->hand.sequence != sequence)
		return;
	if (sequence != 0 && hand->sequence == sequence)
		before = hand->correlation;
	else if (recorder->hand.size > 0)
		before = word_at(&recorder->hand, 0).correlation - 1;
	making->about->hand = take_words(making, &recorder->hand, before);
}

static void
add_environment(struct making *making)
{
	char **entries = environment_make(making->slot->runtime, making->slot->node->spec, NULL);
	size_t count = 0;

	/* The last is the mark of this supervisor. */
	while (entries && entries[count] && entries[count + 1])
		count++;
	if (!entries)
		making->missing = "its environment: there was no memory";
	making->about->environment =
		(tractor_field_list_str){ .items = (const char *const *)entries, .count = count };
}

static void
add_args(struct making *making)
{
	const struct spec_pairs *args = &making->slot->node->spec->args;
	struct tri_pair *pairs = tri_arena_alloc(making->arena, args->count * sizeof(*pairs));

	for (size_t i = 0; pairs && i < args->count; i++)
		pairs[i] = (struct tri_pair){ .key = args->items[i].key, .value = args->items[i].value };
	making->about->args =
		(tractor_field_list_tri_pair){ .items = pairs, .count = pairs ? args->count : 0 };
}

/* --- what it may name --- */

struct known {
	uint64_t fingerprints[RECORDING_NAMES_MAX];
	const char *texts[RECORDING_NAMES_MAX];
	struct recorded_name names[RECORDING_NAMES_MAX];
	size_t text_count, name_count;
};

static void
add_schema(struct known *known, const struct payload_schema *schema)
{
	for (size_t i = 0; i < known->text_count; i++)
		if (known->fingerprints[i] == schema->fingerprint)
			return;
	if (known->text_count == RECORDING_NAMES_MAX)
		return;
	known->fingerprints[known->text_count] = schema->fingerprint;
	known->texts[known->text_count++] = schema->text;
}

/* Who else there is, and what they understand: so that what it sends can be read. */
static void
add_names(struct making *making)
{
	struct tree *tree = making->slot->runtime->tree;
	struct known *known = tri_arena_alloc(making->arena, sizeof(*known));

	if (!known)
		return;
	known->text_count = known->name_count = 0;
	for (struct node *node = tree_root(tree); node && known->name_count < RECORDING_NAMES_MAX;
		node = tree_next(tree, node)) {
		const struct slot *slot = slot_of(node);
		if (!slot)
			continue;
		known->names[known->name_count++] =
			(struct recorded_name){ .actor = node->id, .path = node->path };
		for (size_t i = 0; i < slot->schema_count; i++)
			add_schema(known, slot->schemas[i]);
	}
	making->about->actors =
		(tractor_field_list_recorded_name){ .items = known->names, .count = known->name_count };
	making->about->schemas =
		(tractor_field_list_str){ .items = known->texts, .count = known->text_count };
}

/* --- its state --- */

static bool
read_at(int fd, void *to, size_t size, uint64_t at)
{
	size_t got = 0;

	while (got < size) {
		ssize_t some = sys.pread(fd, (uint8_t *)to + got, size - got, (off_t)(at + got));
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return false;
		got += (size_t)some;
	}
	return true;
}

/* Read, not mapped: a process that it has left behind may shrink the file. */
static void
add_state(struct making *making, struct tractor_bytes *ret_state)
{
	uint8_t head[TRI_STATE_HEAD_BYTES];
	uint64_t at, size;
	int fd = making->slot->state_fd;

	if (fd < 0 || !read_at(fd, head, sizeof(head), 0) ||
		!tri_state_find(head, making->about->done, &at, &size))
		return;
	uint8_t *bytes = size <= RECORDING_STATE_MAX ? tri_arena_alloc(making->arena, size) : NULL;
	if (!bytes || !read_at(fd, bytes, size, at)) {
		making->missing = "its state: it is larger than 16 MiB, or there was no memory";
		return;
	}
	making->about->has_state = true;
	*ret_state = (struct tractor_bytes){ bytes, size };
}

/* --- the whole --- */

static void
add_message(struct making *making, const struct router_message *in_hand)
{
	struct recording_about *about = making->about;
	const struct slot *slot = making->slot;

	about->done = slot->ready ? atomic_load(&slot->box->done) : slot->whole;
	if (!slot->ready)
		about->what = RECORDING_START;
	else if (!in_hand)
		about->what = atomic_load(&slot->box->phase) == TRI_PHASE_STOPPING ? RECORDING_STOP
										   : RECORDING_ALONE;
	if (!slot->ready || !in_hand)
		return;
	about->what = in_hand->kind == ROUTER_DOWN ? RECORDING_DOWN : RECORDING_MESSAGE;
	about->sequence = in_hand->sequence;
	about->message = in_hand->message;
	about->source = in_hand->sender >= ROUTER_PORT_FIRST ? 0 : in_hand->sender;
	about->ask = in_hand->ask;
	if (about->done >= about->sequence) /* a process that it has left behind writes there still */
		about->done = about->sequence - 1;
}

/* Its supervisor ended it after that long; 0: it did not. */
static uint64_t
limit_ms(const struct slot *slot)
{
	const struct spec *spec = slot->node->spec;
	int64_t limit_ns = 0;

	if (slot->ladder != LADDER_NONE)
		limit_ns = strstr(slot->overrun, "cpu") ? spec->handler_cpu_timeout_ns
							: spec->handler_timeout_ns;
	else if (!slot->ready && slot->killed_by_us)
		limit_ns = spec->start_timeout_ns;
	return (uint64_t)(limit_ns / SPEC_MILLISECOND);
}

static void
add_identity(struct making *making, const char *id)
{
	const struct slot *slot = making->slot;
	const struct spec *spec = slot->node->spec;
	const struct tri_module *program = &slot->box->program;
	struct recording_about *about = making->about;

	about->id = id;
	about->path = slot->node->path;
	about->self = slot->node->id;
	about->incarnation = slot->incarnation;
	about->exec = spec->exec;
	about->program = spec->exec_path;
	about->directory = spec->directory;
	about->build_id = (struct tractor_bytes){ program->build_id,
		program->build_id_bytes < TRI_BUILD_ID_BYTES ? program->build_id_bytes : TRI_BUILD_ID_BYTES };
	about->died = hearing_died(slot, slot->recorder.after_panic);
	about->limit_ms = limit_ms(slot);
}

static tractor_err
make(struct slot *slot, const struct router_message *in_hand, const char *id, const char **ret_missing)
{
	struct recording recording = { .about = { .sequence = 0 } };
	struct making making = { .slot = slot, .arena = &slot->runtime->arena, .about = &recording.about };

	add_identity(&making, id);
	add_message(&making, in_hand);
	if (recording.about.sequence != 0)
		recording.message = (struct tractor_bytes){ in_hand->payload, in_hand->payload_bytes };
	add_args(&making);
	add_environment(&making);
	add_names(&making);
	add_answers(&making);
	add_state(&making, &recording.state);
	recording.about.missing = *ret_missing = making.missing;
	tractor_err err = recording_encode(&recording, &slot->recorder.made, &slot->recorder.made_bytes);
	tri_arena_reset(making.arena);
	return err;
}

void
recorder_make(struct slot *slot, const struct router_message *in_hand, json_t *report)
{
	const char *id = json_string_value(json_object_get(report, "id")), *missing = NULL;

	if (!slot->box || !id) /* it never came to be a process */
		return;
	tractor_err err = make(slot, in_hand, id, &missing);
	if (err != TRACTOR_OK)
		missing = runtime_explained(err) != TRACTOR_OK ? tractor_why() : NULL;
	json_object_set_new(report, "replay",
		json_pack("{s:b, s:s?}", "recorded", err == TRACTOR_OK, "missing", missing));
}
