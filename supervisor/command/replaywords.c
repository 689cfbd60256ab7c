/*
 * replaywords.c: what a replayed actor says to others, who are not there: tells are shown and taken over; asks are answered as they were when it crashed, the so-many-th as the so-many-th. What the recording has no
 * answer to fails, and that is said: from there on it may go another way than it went then.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "output.h"
#include "replay.h"
#include "schema.h"
#include "shell.h"
#include "why.h"

/* A line each, that can be read. */
static const struct payload_limits shown = { .text_bytes = 200,
	.total_bytes = 1000,
	.list_items = 10,
	.depth = 4,
	.values = 100 };

/* --- names --- */

static const struct payload_schema *
schema_of(const struct replay_words *words, uint64_t message)
{
	for (size_t i = 0; i < words->schema_count; i++)
		if (words->schemas[i]->fingerprint == message)
			return words->schemas[i];
	return NULL;
}

bool
replaywords_learn(struct replay_words *words, const char *const *texts, size_t count)
{
	if (count > MESSAGES_MAX) {
		tri_why(TRACTOR_EBADMSG, "it names %zu messages", count);
		return false;
	}
	words->schemas = output_need(reallocarray(
		words->schemas, words->schema_count + count + 1, sizeof(struct payload_schema *)));
	for (size_t i = 0; i < count; i++) {
		if (payload_schema_parse(texts[i], &words->schemas[words->schema_count]) != TRACTOR_OK)
			return false;
		words->schema_count++;
	}
	return true;
}

void
replaywords_free(struct replay_words *words)
{
	for (size_t i = 0; i < words->schema_count; i++)
		payload_schema_free(words->schemas[i]);
	free(words->schemas);
}

const char *
replaywords_path(const struct replay_words *words, uint64_t actor)
{
	static char number[32];
	const tractor_field_list_recorded_name *actors = &words->about->actors;

	if (actor == 0)
		return "the supervisor";
	for (size_t i = 0; i < actors->count; i++)
		if (actors->items[i].actor == actor)
			return actors->items[i].path;
	snprintf(number, sizeof(number), "#%llu", (unsigned long long)actor);
	return number;
}

static const char *
name_in_payload(void *arg, uint64_t actor, uint32_t node)
{
	return actor == 0 || node != 0 ? NULL : replaywords_path(arg, actor);
}

/* What the supervisor itself is asked: its name only. */
static const char *
supervisors_message(uint64_t message)
{
	static const struct tractor_message *const messages[] = { &tri_message_tri_supervisor_find,
		&tri_message_tri_supervisor_verify, &tri_message_tri_supervisor_spawn,
		&tri_message_tri_supervisor_monitor, &tri_message_tri_supervisor_stop,
		&tri_message_tri_supervisor_cancel };

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (tri_message_id(messages[i]) == message)
			return messages[i]->name;
	return NULL;
}

/* The fields as JSON, or how many bytes they are. */
static char *
fields_text(struct replay_words *words, const struct payload_record *record, const uint8_t *payload,
	size_t payload_bytes)
{
	bool shortened;
	json_t *fields = NULL;
	char *text = NULL;

	if (record != NULL && payload_excerpt(record, payload, payload_bytes, &shown, name_in_payload, words,
				      &shortened, &fields) == TRACTOR_OK)
		text = json_dumps(fields, JSON_COMPACT);
	json_decref(fields);
	if (text == NULL && asprintf(&text, "(%zu bytes)", payload_bytes) < 0)
		text = NULL;
	return output_need(text);
}

char *
replaywords_text(struct replay_words *words, uint64_t message, const uint8_t *payload, size_t payload_bytes)
{
	const struct payload_schema *schema = schema_of(words, message);
	const char *supervisors = supervisors_message(message);
	char *fields = fields_text(words, schema != NULL ? schema->record : NULL, payload, payload_bytes),
	     *text = NULL;
	int made;

	if (schema != NULL)
		made = asprintf(&text, "%s.%s %s", schema->protocol, schema->message, fields);
	else if (supervisors != NULL)
		made = asprintf(&text, "%s", supervisors);
	else
		made = asprintf(&text, "a message that is not known here %s", fields);
	free(fields);
	return output_need(made < 0 ? NULL : text);
}

/* --- answers --- */

static const struct recorded_word *
recorded(const struct replay_words *words, enum recorded_kind kind, uint64_t number)
{
	const tractor_field_list_recorded_word *all =
		words->ready ? &words->about->hand : &words->about->start;

	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].kind == kind && all->items[i].number == number)
			return &all->items[i];
	return NULL;
}

struct exchange {
	struct replay_words *words;
	struct wire *wire;
	uint32_t incarnation;
	const struct tri_frame *sent;
	uint64_t number;
	const char *text, *to;
};

static void
answer(const struct exchange *exchange, enum tri_frame_kind kind, tractor_err err, const uint8_t *payload,
	size_t payload_bytes)
{
	struct tri_frame frame = tri_frame(kind);

	frame.incarnation = exchange->incarnation;
	frame.correlation = exchange->sent->correlation;
	frame.err = err;
	if (wire_send(exchange->wire, &frame, payload, payload_bytes) != TRACTOR_OK)
		output_error("cannot answer it: %s", tractor_why());
}

static void
refuse(const struct exchange *exchange, const char *why)
{
	struct tri_reason reason = { .text = why };
	uint8_t payload[512];
	size_t used = 0;

	output_error("asks %s: %s; %s", exchange->to, exchange->text, why);
	tri_encode(&tri_record_tri_reason, &reason, payload, sizeof(payload), &used);
	answer(exchange, TRI_FRAME_ANSWER, TRACTOR_EUNREACHABLE, payload, used);
}

static char *
reply_text(const struct exchange *exchange, const struct recorded_word *word)
{
	const struct payload_schema *schema = schema_of(exchange->words, exchange->sent->message);
	const struct payload_record *record = schema != NULL ? schema->reply : NULL;

	if (word->err != TRACTOR_OK)
		return output_need(strdup(tractor_err_name((tractor_err)word->err)));
	return fields_text(exchange->words, record, word->payload.data, word->payload.size);
}

/* It has asked something else at this place, then: what it would be answered is no answer to this. */
static bool
goes_another_way(const struct exchange *exchange)
{
	const struct recorded_word *asked = recorded(exchange->words, RECORDED_ASK, exchange->number);

	return asked != NULL &&
	       (asked->message != exchange->sent->message || asked->target != exchange->sent->target);
}

static void
answer_ask(const struct exchange *exchange)
{
	const struct replay_words *words = exchange->words;
	const struct recorded_word *answered = recorded(words, RECORDED_ANSWER, exchange->number);

	if (goes_another_way(exchange)) {
		refuse(exchange, "at this place it had asked something else when it crashed");
	} else if (answered != NULL) {
		char *reply = reply_text(exchange, answered);
		output_error("asks %s: %s; answered as it was: %s", exchange->to, exchange->text, reply);
		free(reply);
		answer(exchange, TRI_FRAME_ANSWER, (tractor_err)answered->err, answered->payload.data,
			answered->payload.size);
	} else if (recorded(words, RECORDED_ASK, exchange->number) == NULL ||
		   *words->about->missing != '\0') {
		refuse(exchange, "the recording has no answer to that");
	} else if (words->about->limit_ms > 0) {
		output_error("asks %s: %s; it waited for the answer when it was ended", exchange->to,
			exchange->text);
	} else {
		refuse(exchange, "it had no answer yet when it crashed");
	}
}

static void
say_told(const struct exchange *exchange, const struct recorded_word *refused)
{
	bool forwards = exchange->sent->kind == TRI_FRAME_FORWARD;

	output_error("%s %s: %s%s%s", forwards ? "forwards to" : "tells", exchange->to, exchange->text,
		refused != NULL ? "; refused as it was: " : "",
		refused != NULL ? tractor_err_name((tractor_err)refused->err) : "");
}

static void
answer_send(const struct exchange *exchange)
{
	unsigned flags = exchange->sent->flags;
	const struct recorded_word *refused = recorded(exchange->words, RECORDED_REFUSED, exchange->number);

	if (!(flags & TRI_FLAG_ASK) || refused != NULL)
		say_told(exchange, refused);
	if (!(flags & TRI_FLAG_ASK) || (flags & TRI_FLAG_WANT_ACCEPT))
		answer(exchange, TRI_FRAME_ACCEPT, refused != NULL ? (tractor_err)refused->err : TRACTOR_OK,
			NULL, 0);
	if ((flags & TRI_FLAG_ASK) && refused == NULL)
		answer_ask(exchange);
}

void
replaywords_send(struct replay_words *words, struct wire *wire, uint32_t incarnation,
	const struct tri_frame *frame, const uint8_t *payload)
{
	if (words->before == UINT64_MAX && (frame->flags & TRI_FLAG_ASK))
		words->before = frame->correlation - 1;
	char *text = replaywords_text(words, frame->message, payload, frame->payload_bytes),
	     *to = output_need(strdup(replaywords_path(words, frame->target)));
	struct exchange exchange = { .words = words,
		.wire = wire,
		.incarnation = incarnation,
		.sent = frame,
		.number = frame->correlation - words->before,
		.text = text,
		.to = to };

	if (frame->kind == TRI_FRAME_SEND)
		answer_send(&exchange);
	else
		say_told(&exchange, NULL);
	free(text);
	free(to);
}
