/*
 * replayhearing.c: what a replayed actor says by its link, frame by frame, by the rules that its supervisor had (hearing.c). One that breaks them is ended. What runs may be another program than the one that crashed, so
 * nothing of it is believed.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "actor_process.h"
#include "codec.h"
#include "output.h"
#include "replaystage.h"
#include "state.h"
#include "why.h"

static void
violated(struct replay_stage *stage, const char *what)
{
	if (*stage->end->violation != '\0')
		return;
	snprintf(stage->end->violation, sizeof(stage->end->violation), "%s", what);
	replaystage_signal(stage, SIGKILL);
}

/* By its own account: what was started may be a script that starts the program. */
static bool
is_that_build(const struct replay_stage *stage)
{
	const struct tractor_bytes *recorded = &stage->about->build_id;
	const struct tri_module *program = &stage->box->program;

	return recorded->size == 0 ||
	       (program->build_id_bytes == recorded->size && recorded->size <= sizeof(program->build_id) &&
		       memcmp(program->build_id, recorded->data, recorded->size) == 0);
}

/* Whoever debugs it runs it again: another process, with the same black box, that has not been welcomed yet. Everything begins anew but what it has said of itself. */
static void
begin_again(struct replay_stage *stage)
{
	const struct recording_about *about = stage->about;
	struct tri_blackbox *box = stage->box;
	struct tri_module program = box->program;
	int32_t pid = box->pid;

	memset(box, 0, offsetof(struct tri_blackbox, outbox));
	tri_blackbox_begin(box, about->incarnation, about->done);
	box->program = program;
	box->pid = pid;
	if (about->has_state)
		tri_state_fill(stage->state_fd, stage->recording->state.data, stage->recording->state.size,
			about->done);
	*stage->end = (struct replay_end){ .fault = NULL };
	stage->words.ready = stage->greeted = stage->stopping = false;
	output_error("it is run again");
}

static void
on_hello(struct replay_stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	struct tri_arena arena = { 0 };
	struct tri_hello hello;

	if (stage->greeted && stage->program->tool != NULL && stage->box->pid != stage->pid)
		begin_again(stage);
	if (tri_decode(&tri_record_tri_hello, payload, frame->payload_bytes, &arena, &hello) != TRACTOR_OK ||
		hello.version != TRI_CONTROL_VERSION ||
		!replaywords_learn(&stage->words, hello.messages.items, hello.messages.count)) {
		violated(stage, "it says hello as no actor of this version of tractor does");
	} else if (!is_that_build(stage)) {
		violated(stage, "it is another build than the one that crashed");
	} else if (!stage->greeted) {
		stage->greeted = true;
		stage->pid = stage->box->pid;
		if (stage->program->tool == NULL)
			wire_shut(stage->wire);
		replaysaying_welcome(stage);
	}
	tri_arena_free(&arena);
}

static void
on_ready(struct replay_stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	struct tri_arena arena = { 0 };
	struct tri_ready ready;

	if (tri_decode(&tri_record_tri_ready, payload, frame->payload_bytes, &arena, &ready) != TRACTOR_OK)
		violated(stage, "a bad ready");
	else if (ready.outcome != TRACTOR_OK)
		snprintf(stage->end->refusal, sizeof(stage->end->refusal), "%s", ready.text);
	else if (!stage->end->ready)
		replaysaying_act(stage);
	tri_arena_free(&arena);
}

static void
on_send(struct replay_stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	const struct tri_in_hand *hand = &stage->box->hand;

	if (!stage->words.ready)
		stage->words.before = (uint64_t)stage->about->incarnation << 32;
	else if (stage->about->sequence != 0 && hand->sequence == stage->about->sequence)
		stage->words.before = hand->correlation;
	replaywords_send(&stage->words, stage->wire, stage->about->incarnation, frame, payload);
}

static void
on_reply(struct replay_stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)payload;
	if (frame->flags & TRI_FLAG_DONE)
		stage->said_done = frame->sequence; /* the black box may say so a moment later */
	output_error(
		"replies: %s, %u bytes", tractor_err_name((tractor_err)frame->err), frame->payload_bytes);
}

static void
on_bye(struct replay_stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)frame;
	(void)payload;
	replaysaying_frame(stage, tri_frame(TRI_FRAME_FAREWELL), NULL, 0);
}

static void
on_nothing(struct replay_stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)stage;
	(void)frame;
	(void)payload;
}

static void (*const by_kind[TRI_FRAME_KIND_COUNT])(
	struct replay_stage *stage, const struct tri_frame *frame, const uint8_t *payload) = {
	[TRI_FRAME_HELLO] = on_hello,
	[TRI_FRAME_READY] = on_ready,
	[TRI_FRAME_SEND] = on_send,
	[TRI_FRAME_FORWARD] = on_send,
	[TRI_FRAME_REPLY] = on_reply,
	[TRI_FRAME_DONE] = on_nothing,
	[TRI_FRAME_WAIT] = on_nothing,
	[TRI_FRAME_BYE] = on_bye,
};

void
replayhearing(void *owner)
{
	struct replay_stage *stage = owner;
	struct tri_frame frame;
	const uint8_t *payload;
	bool bad;

	while (*stage->end->violation == '\0' && wire_take(stage->wire, &frame, &payload, &bad)) {
		tri_blackbox_count(&stage->box->heard);
		if (bad)
			violated(stage, tractor_why());
		else if (frame.incarnation != stage->about->incarnation || by_kind[frame.kind] == NULL ||
			 (!stage->greeted && frame.kind != TRI_FRAME_HELLO))
			violated(stage, "a frame where there must be none");
		else
			by_kind[frame.kind](stage, &frame, payload);
	}
}

void
replayhearing_look(struct replay_stage *stage)
{
	uint64_t sequence = stage->about->sequence;

	if (!stage->end->ready || stage->stopping || sequence == 0 ||
		(stage->said_done < sequence && atomic_load(&stage->box->done) < sequence))
		return;
	stage->end->handled = true;
	replaysaying_stop(stage);
}
