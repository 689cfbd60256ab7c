/*
 * recorder.c: keeps what a process was answered while it is at one thing, and at its death makes a recording of that and of all else that it takes to have it die again. While nothing crashes that costs one copy
 * of each answer, in memory that is used again for the next message; tells and messages cost nothing. The memory is bounded; what there is none for is missing in the recording, which says so.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "actor_process.h"
#include "bypass.h"
#include "recording.h"
#include "runtime.h"
#include "slot.h"
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

/* What the process is at, by the sequence of what it has in hand; 0: nothing. */
static uint64_t
thing_of(const struct tri_blackbox *box)
{
	uint64_t hand = atomic_load(&box->in_hand);

	return hand > atomic_load(&box->done) ? hand : 0;
}

/* Begun anew if that is another thing than the last time. */
static void
begin_words(struct recorder_words *words, uint64_t sequence)
{
	if (words->sequence == sequence)
		return;
	words->sequence = sequence;
	words->size = 0;
	words->cut = false;
	if (words->room > ROOM_KEPT) {
		free(words->bytes);
		*words = (struct recorder_words){ .sequence = sequence };
	}
}

/* The words of what it is at. */
static struct recorder_words *
words_of(struct slot *slot)
{
	if (!slot->ready)
		return &slot->recorder.start;
	begin_words(&slot->recorder.hand, thing_of(slot->box));
	return &slot->recorder.hand;
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
			.correlation = tri_plain_correlation(slot->incarnation, frame->correlation),
			.err = frame->err,
			.payload_bytes = (uint32_t)payload_bytes },
		payload);
}

/* What it asked past us, of what it was at when it died. Its own word, like all that is in its black box. */
static void
hear_notes(struct remains *remains)
{
	const struct tri_notes *notes = &remains->box->notes;
	struct recorder_words *words = &remains->recorder.hand;
	size_t used = atomic_load(&notes->used);
	struct tri_note note;

	if (!remains->ready || used == 0 || notes->of != thing_of(remains->box))
		return;
	begin_words(words, notes->of);
	if (used > sizeof(notes->bytes))
		used = sizeof(notes->bytes);
	for (size_t at = 0; used - at >= sizeof(note); at += sizeof(note) + note.payload_bytes) {
		memcpy(&note, notes->bytes + at, sizeof(note));
		if (note.payload_bytes > used - at - sizeof(note))
			break;
		const struct word word = { .kind = note.answers ? RECORDED_ANSWER : RECORDED_ASK,
			.correlation = note.correlation,
			.message = note.message,
			.target = note.target,
			.err = note.err,
			.payload_bytes = note.payload_bytes };
		add(words, &word, notes->bytes + at + sizeof(note));
	}
	words->cut = words->cut || notes->cut;
}

void
recorder_clear(struct recorder *recorder)
{
	free(recorder->start.bytes);
	free(recorder->hand.bytes);
	*recorder = (struct recorder){ .after_panic = false };
}

/* --- at its death: parts, in an arena; what there is no memory for is none --- */

/* `missing` says what could not be kept, the last of it. */
struct making {
	struct remains *remains;
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
	const struct remains *remains = making->remains;
	const struct recorder *recorder = &remains->recorder;
	const struct tri_in_hand *hand = &remains->box->hand;
	uint64_t sequence = making->about->sequence, before = 0;

	making->about->start = take_words(making, &recorder->start, (uint64_t)remains->incarnation << 32);
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
	const struct slot *slot = making->remains->slot;
	char **entries = environment_make(slot->runtime, slot->node->spec, NULL);
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
	const struct spec_pairs *args = &making->remains->slot->node->spec->args;
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
	struct tree *tree = making->remains->slot->runtime->tree;
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

/* --- the whole --- */

static void
add_message(struct making *making)
{
	struct recording_about *about = making->about;
	const struct remains *remains = making->remains;
	const struct router_message *in_hand = &remains->message;

	about->done = remains->done;
	if (!remains->ready)
		about->what = RECORDING_START;
	else if (!remains->has_message)
		about->what = atomic_load(&remains->box->phase) == TRI_PHASE_STOPPING ? RECORDING_STOP
										      : RECORDING_ALONE;
	if (!remains->ready || !remains->has_message)
		return;
	about->what = in_hand->kind == ROUTER_DOWN ? RECORDING_DOWN : RECORDING_MESSAGE;
	about->sequence = in_hand->sequence;
	about->message = in_hand->message;
	about->source = in_hand->sender >= ROUTER_PORT_FIRST ? 0 : in_hand->sender;
	about->ask = in_hand->ask;
}

static void
add_state(struct making *making, struct tractor_bytes *ret_state)
{
	struct remains *remains = making->remains;

	if (remains->state_missing || !remains_read_state(remains)) {
		making->missing = "its state: it is larger than 16 MiB, or there was no memory";
		return;
	}
	making->about->has_state = remains->has_state;
	if (remains->has_state)
		*ret_state = (struct tractor_bytes){ remains->state, remains->state_bytes };
}

/* Its supervisor ended it after that long; 0: it did not. */
static uint64_t
limit_ms(const struct remains *remains)
{
	const struct spec *spec = remains->slot->node->spec;
	int64_t limit_ns = 0;

	if (remains->ladder != LADDER_NONE)
		limit_ns = remains->overran_cpu ? spec->handler_cpu_timeout_ns : spec->handler_timeout_ns;
	else if (!remains->ready && remains->killed_by_us)
		limit_ns = spec->start_timeout_ns;
	return (uint64_t)(limit_ns / SPEC_MILLISECOND);
}

static void
add_identity(struct making *making)
{
	const struct remains *remains = making->remains;
	const struct node *node = remains->slot->node;
	const struct spec *spec = node->spec;
	const struct tri_module *program = &remains->box->program;
	struct recording_about *about = making->about;

	about->id = remains->id;
	about->path = node->path;
	about->self = node->id;
	about->incarnation = remains->incarnation;
	about->exec = spec->exec;
	about->program = spec->exec_path;
	about->directory = spec->directory;
	about->build_id = (struct tractor_bytes){ program->build_id,
		program->build_id_bytes < TRI_BUILD_ID_BYTES ? program->build_id_bytes : TRI_BUILD_ID_BYTES };
	about->died = hearing_died(&remains->before, remains->recorder.after_panic);
	about->limit_ms = limit_ms(remains);
}

static tractor_err
make(struct remains *remains, const char **ret_missing)
{
	struct recording recording = { .about = { .sequence = 0 } };
	struct making making = {
		.remains = remains, .arena = &remains->slot->runtime->arena, .about = &recording.about
	};

	add_identity(&making);
	add_message(&making);
	if (remains->message.payload_bytes > RECORDING_MESSAGE_MAX)
		making.missing = "its message: it is larger than 16 MiB";
	else if (recording.about.sequence != 0)
		recording.message =
			(struct tractor_bytes){ remains->message.payload, remains->message.payload_bytes };
	add_args(&making);
	add_environment(&making);
	add_names(&making);
	add_answers(&making);
	add_state(&making, &recording.state);
	recording.about.missing = *ret_missing = making.missing;
	tractor_err err = recording_encode(&recording, &remains->recording, &remains->recording_bytes);
	tri_arena_reset(making.arena);
	return err;
}

void
recorder_make(struct remains *remains, json_t *report)
{
	const char *missing = NULL;

	if (!remains->box) /* it never came to be a process */
		return;
	hear_notes(remains);
	tractor_err err = make(remains, &missing);
	if (err != TRACTOR_OK)
		missing = runtime_explained(err) != TRACTOR_OK ? tractor_why() : NULL;
	json_object_set_new(report, "replay",
		json_pack("{s:b, s:s?}", "recorded", err == TRACTOR_OK, "missing", missing));
}
