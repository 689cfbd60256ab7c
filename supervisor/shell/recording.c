/* recording.c: recordings as bytes, and back. What is read may be anything: every length is checked before it is used, and the codec checks the rest. Pure; errors are returned. */
#include "recording.h"

#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "frame.h"
#include "why.h"

#define MAGIC UINT64_C(0x444345524f544b54) /* "TKTORECD" */
#define VERSION 1

struct head {
	uint64_t magic;
	uint32_t version;
	uint32_t reserved;
	uint64_t checksum; /* of all that is behind it */
	uint64_t about_bytes, message_bytes, state_bytes;
};
_Static_assert(sizeof(struct head) == 48, "the head's layout is the file's: no padding");

#define CHECKED_FROM (offsetof(struct head, checksum) + sizeof(uint64_t))

/* FNV-1a over words, for a state may be large: one that is another makes another sum, whichever bit it is. */
static uint64_t
sum(const uint8_t *bytes, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t at = CHECKED_FROM; at < size; at += sizeof(uint64_t)) {
		uint64_t word = 0;
		memcpy(&word, bytes + at, size - at < sizeof(word) ? size - at : sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
	}
	return hash;
}

static void
put(uint8_t *to, const void *from, size_t size)
{
	if (size > 0)
		memcpy(to, from, size);
}

tractor_err
recording_encode(const struct recording *recording, uint8_t **ret_bytes, size_t *ret_size)
{
	struct head head = { .magic = MAGIC,
		.version = VERSION,
		.message_bytes = recording->message.size,
		.state_bytes = recording->state.size };
	size_t about_bytes, used;
	tractor_err err = tri_encoded_size(&tri_record_recording_about, &recording->about, &about_bytes);

	if (err != TRACTOR_OK)
		return err;
	head.about_bytes = about_bytes;
	size_t size = sizeof(head) + about_bytes + recording->message.size + recording->state.size;
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return TRACTOR_ENOMEM;
	uint8_t *at = bytes + sizeof(head);
	err = tri_encode(&tri_record_recording_about, &recording->about, at, about_bytes, &used);
	if (err != TRACTOR_OK) {
		free(bytes);
		return err;
	}
	put(at + about_bytes, recording->message.data, recording->message.size);
	put(at + about_bytes + recording->message.size, recording->state.data, recording->state.size);
	memcpy(bytes, &head, sizeof(head));
	head.checksum = sum(bytes, size);
	memcpy(bytes, &head, sizeof(head));
	*ret_bytes = bytes;
	*ret_size = size;
	return TRACTOR_OK;
}

static tractor_err
check_head(const uint8_t *bytes, size_t size, struct head *ret_head)
{
	struct head head;

	if (size < sizeof(head))
		return tri_why(TRACTOR_EBADMSG, "it is no recording of a crash: it has %zu bytes", size);
	memcpy(&head, bytes, sizeof(head));
	if (head.magic != MAGIC)
		return tri_why(TRACTOR_EBADMSG, "it is no recording of a crash");
	if (head.version != VERSION || head.reserved != 0)
		return tri_why(TRACTOR_EBADMSG,
			"it is a recording of version %u, and this tractor reads version %d", head.version,
			VERSION);
	if (head.checksum != sum(bytes, size))
		return tri_why(TRACTOR_EBADMSG, "it is damaged: its checksum is not that of its contents");
	size_t left = size - sizeof(head);
	if (head.about_bytes > left || head.message_bytes > left - head.about_bytes ||
		head.state_bytes != left - head.about_bytes - head.message_bytes)
		return tri_why(TRACTOR_EBADMSG, "its parts are not as large as it says");
	if (head.message_bytes > RECORDING_MESSAGE_MAX || head.state_bytes > RECORDING_STATE_MAX)
		return tri_why(TRACTOR_EBADMSG, "its message or its state is larger than can be");
	*ret_head = head;
	return TRACTOR_OK;
}

static bool
are_good(const tractor_field_list_recorded_word *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (words->items[i].kind >= RECORDED_KINDS || words->items[i].number == 0)
			return false;
	return true;
}

/* What whoever replays it takes for granted. */
static tractor_err
check_about(const struct recording_about *about)
{
	bool has_message = about->what == RECORDING_MESSAGE || about->what == RECORDING_DOWN;

	if (about->what >= RECORDING_WHATS || about->path[0] != '/' || about->program[0] != '/' ||
		!*about->exec || about->self == 0 || about->incarnation == 0)
		return tri_why(TRACTOR_EBADMSG, "it does not say which actor it was, or what it was at");
	if (!*about->id || *about->id == '.' || strchr(about->id, '/')) /* files are named by it */
		return tri_why(TRACTOR_EBADMSG, "its id is none");
	if (has_message && (about->sequence == 0 || about->sequence <= about->done))
		return tri_why(TRACTOR_EBADMSG, "its message was done already");
	for (size_t i = 0; i < about->environment.count; i++)
		if (strchr(about->environment.items[i], '=') == NULL)
			return tri_why(TRACTOR_EBADMSG, "its environment is none");
	if (!are_good(&about->start) || !are_good(&about->hand))
		return tri_why(TRACTOR_EBADMSG, "its answers are none");
	return TRACTOR_OK;
}

tractor_err
recording_decode(uint8_t *bytes, size_t size, struct recording *ret_recording)
{
	struct recording recording = { .bytes = bytes };
	struct head head = { .magic = 0 };
	tractor_err err = check_head(bytes, size, &head);

	if (err != TRACTOR_OK)
		return err;
	const uint8_t *at = bytes + sizeof(head);
	err = tri_decode(
		&tri_record_recording_about, at, head.about_bytes, &recording.arena, &recording.about);
	if (err == TRACTOR_OK)
		err = check_about(&recording.about);
	if (err != TRACTOR_OK) {
		tri_arena_free(&recording.arena);
		return err;
	}
	recording.message = (struct tractor_bytes){ at + head.about_bytes, head.message_bytes };
	recording.state =
		(struct tractor_bytes){ at + head.about_bytes + head.message_bytes, head.state_bytes };
	*ret_recording = recording;
	return TRACTOR_OK;
}

void
recording_free(struct recording *recording)
{
	tri_arena_free(&recording->arena);
	free(recording->bytes);
	*recording = (struct recording){ .bytes = NULL };
}
