/*
 * replaysaying.c: what a replayed actor is told by the one in its supervisor's place: who it is, and then what it was at when it crashed. What can't be said to it is told the user, and the replay goes on: it will not crash, then.
 */
#include <stdlib.h>

#include "codec.h"
#include "output.h"
#include "replaystage.h"
#include "why.h"

void
replaysaying_frame(
	struct replay_stage *stage, struct tri_frame frame, const uint8_t *payload, size_t payload_bytes)
{
	frame.incarnation = stage->about->incarnation;
	if (wire_send(stage->wire, &frame, payload, payload_bytes) != TRACTOR_OK)
		output_error("cannot send it a %s: %s", tri_frame_kind_name(frame.kind), tractor_why());
}

static void
send_record(struct replay_stage *stage, enum tri_frame_kind kind, const struct tractor_record *record,
	const void *value)
{
	size_t size = 0, used = 0;
	uint8_t *payload = tri_encoded_size(record, value, &size) == TRACTOR_OK ? malloc(size + 1) : NULL;

	if (payload != NULL && tri_encode(record, value, payload, size, &used) == TRACTOR_OK)
		replaysaying_frame(stage, tri_frame(kind), payload, used);
	free(payload);
}

void
replaysaying_welcome(struct replay_stage *stage)
{
	const struct recording_about *about = stage->about;
	struct tri_welcome welcome = { .self = about->self,
		.path = about->path,
		.args = about->args,
		.whole = about->done,
		.died = about->died,
		.replays = about->has_state && about->what != RECORDING_START };

	send_record(stage, TRI_FRAME_WELCOME, &tri_record_tri_welcome, &welcome);
}

void
replaysaying_stop(struct replay_stage *stage)
{
	stage->stopping = true;
	replaysaying_frame(stage, tri_frame(TRI_FRAME_STOP), NULL, 0);
	replaystage_limit(stage, REPLAY_STOP_MS);
}

static void
say_message(struct replay_stage *stage)
{
	const struct recording *recording = stage->recording;
	const struct recording_about *about = stage->about;

	if (about->what == RECORDING_DOWN) {
		output_error("it is given word of an end, for its on_down");
		return;
	}
	char *text = replaywords_text(
		&stage->words, about->message, recording->message.data, recording->message.size);
	output_error("it is given %s from %s%s", text,
		about->source != 0 ? replaywords_path(&stage->words, about->source) : "a program",
		about->has_state ? ", in the state that it was in" : "");
	free(text);
}

static void
deliver(struct replay_stage *stage)
{
	const struct recording_about *about = stage->about;
	struct tri_frame frame =
		tri_frame(about->what == RECORDING_DOWN ? TRI_FRAME_DOWN : TRI_FRAME_MESSAGE);

	frame.source = about->source;
	frame.target = about->self;
	frame.message = about->message;
	frame.sequence = about->sequence;
	frame.flags = about->ask ? TRI_FLAG_ASK : 0;
	say_message(stage);
	replaysaying_frame(stage, frame, stage->recording->message.data, stage->recording->message.size);
}

void
replaysaying_act(struct replay_stage *stage)
{
	stage->end->ready = stage->words.ready = true;
	stage->words.before = UINT64_MAX;
	replaystage_limit_act(stage);
	switch (stage->about->what) {
	case RECORDING_MESSAGE:
	case RECORDING_DOWN: deliver(stage); break;
	case RECORDING_STOP:
		output_error("it is asked to stop");
		replaysaying_frame(stage, tri_frame(TRI_FRAME_STOP), NULL, 0);
		break;
	case RECORDING_START:
		stage->end->handled = true;
		replaysaying_stop(stage);
		break;
	default:
		output_error("it had no message in hand when it died, so it is left to itself for a while");
		break;
	}
}
