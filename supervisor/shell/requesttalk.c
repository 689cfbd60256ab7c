/*
 * requesttalk.c: the command's tells and asks, and the messages from quarantine that it wants sent once more: how a talk (talk.c) comes out is the request's answer. A client that hangs up takes
 * its talk along.
 */
#include <stdlib.h>

#include "requests.h"
#include "why.h"

/* A command's tell or ask under way. */
struct asked {
	struct tractor_runtime *runtime;
	struct control_request *request;
	struct talk *talk;
	unsigned
		poison; /* the number in quarantine of what is sent again; 0: it is the command's own words */
};

static void
asked_gone(struct control_request *request)
{
	struct asked *asked = request->own;

	talk_drop(asked->talk);
	free(asked);
}

/* What was wrong with the command's own words has been said before. */
static enum control_code
code_of(tractor_err err)
{
	enum control_code code = requestfind_code(err);

	return code == CONTROL_USAGE ? CONTROL_FAILED : code;
}

static void
asked_over(void *arg, tractor_err err, const char *text, json_t *reply)
{
	struct asked *asked = arg;

	/* One at which it crashed again is in quarantine anew, under another number. */
	if (asked->poison != 0 && (err == TRACTOR_OK || err == TRACTOR_ECRASHED))
		lost_forget_poison(&asked->runtime->lost, asked->poison);
	if (reply)
		control_data(asked->request, reply);
	if (err == TRACTOR_OK)
		control_end(asked->request, CONTROL_DONE, NULL);
	else
		control_end(asked->request, code_of(err), "%s", text);
	free(asked);
}

/* From now on the request waits for it. NULL: no memory, which it has been answered with. */
static struct asked *
asked_new(struct tractor_runtime *runtime, struct control_request *request, unsigned poison)
{
	struct asked *asked = malloc(sizeof(*asked));

	if (!asked) {
		control_end(request, CONTROL_FAILED, "out of memory");
		return NULL;
	}
	*asked = (struct asked){ .runtime = runtime, .request = request, .poison = poison };
	request->own = asked;
	request->gone = asked_gone;
	return asked;
}

/* It did not come to a talk. */
static void
asked_refused(struct asked *asked, tractor_err err)
{
	asked->request->gone = NULL;
	control_end(asked->request, err == TRACTOR_ENOMEM ? CONTROL_FAILED : requestfind_code(err), "%s",
		tractor_why());
	free(asked);
}

static void
say(struct tractor_runtime *runtime, struct control_request *request, const json_t *body, bool ask)
{
	struct slot *slot = requestfind_actor(runtime, request, body);
	const struct payload_schema *schema =
		slot ? requestfind_message(slot, request, requestfind_text(body, "message")) : NULL;

	if (!schema)
		return;
	if (schema->ask != ask) {
		control_end(request, CONTROL_USAGE, "%s is %s; use: tractor %s", schema->record->name,
			schema->ask ? "an ask: it has a reply" : "a tell: it has no reply",
			schema->ask ? "ask" : "tell");
		return;
	}
	struct asked *asked = asked_new(runtime, request, 0);
	if (!asked)
		return;
	tractor_err err = talk_begin(slot, schema, json_object_get(body, "fields"),
		json_integer_value(json_object_get(body, "timeout_ms")), asked_over, asked, &asked->talk);
	if (err != TRACTOR_OK)
		asked_refused(asked, err);
}

void
requesttalk_tell(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	say(runtime, request, body, false);
}

void
requesttalk_ask(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	say(runtime, request, body, true);
}

void
requesttalk_again(struct tractor_runtime *runtime, struct control_request *request, struct slot *slot,
	const struct lost_letter *letter)
{
	const struct router_send send = { .message = letter->fingerprint,
		.flags = letter->ask ? TRI_FLAG_ASK : 0,
		.payload = letter->payload,
		.payload_bytes = letter->payload_bytes,
		.parcel = letter->parcel };
	struct asked *asked = asked_new(runtime, request, letter->number);

	if (!asked)
		return;
	tractor_err err = talk_send(slot, &send, asked_over, asked, &asked->talk);
	if (err != TRACTOR_OK)
		asked_refused(asked, err);
}
