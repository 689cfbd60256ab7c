/*
 * seed_probe.c: an actor that does what the message says: wait, refuse, die, hand on, use a verb and report how it went. What
 * it goes through it prints, one word or sentence a line, for the test to wait for. It checks nothing itself.
 *
 * Arguments: `start`: "refuse" or "ignore" or a way to die, for on_start; `stop`: what it prints in on_stop; `flow`:
 * "continue" for on_panic.
 */
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "death.h"
#include "gate.h"
#include "probe.h"

#define NOTES_MAX 4096

struct probe {
	int64_t notes[NOTES_MAX];
	size_t count;
	probe_later_promise promise;
	sink_ref sink;
	tractor_timer timer;
};

#define TRACTOR_STATE struct probe
TRACTOR_SERVE(probe, PROBE_PROTOCOL);
TRACTOR_SERVE(sink, SINK_PROTOCOL);

static void
note(struct probe *self, int64_t n)
{
	if (self->count < NOTES_MAX)
		self->notes[self->count++] = n;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reports a verb's result, with its sentence if it failed. */
static tractor_err
report(tractor_ctx *ctx, tractor_err err, int64_t began_ms, struct probe_outcome *reply)
{
	reply->err = err;
	reply->why = err == TRACTOR_OK ? "" : tractor_format(ctx, "%s", tractor_why());
	reply->took_ms = now_ms() - began_ms;
	return TRACTOR_OK;
}

/* --- remembering --- */

static tractor_err
probe_on_note(struct probe *self, tractor_ctx *ctx, const struct probe_note *msg)
{
	note(self, msg->n);
	return TRACTOR_OK;
}

static tractor_err
sink_on_put(struct probe *self, tractor_ctx *ctx, const struct sink_put *msg)
{
	note(self, msg->n);
	return TRACTOR_OK;
}

static tractor_err
probe_on_notes(
	struct probe *self, tractor_ctx *ctx, const struct probe_notes *msg, struct probe_numbers *reply)
{
	reply->items.items = self->notes;
	reply->items.count = self->count;
	return TRACTOR_OK;
}

static tractor_err
probe_on_total(struct probe *self, tractor_ctx *ctx, const struct probe_total *msg, struct probe_value *reply)
{
	for (size_t i = 0; i < self->count; i++)
		reply->value += self->notes[i];
	return TRACTOR_OK;
}

/* --- waiting, answering, failing, dying --- */

static tractor_err
probe_on_block(struct probe *self, tractor_ctx *ctx, const struct probe_block *msg)
{
	gate_pass(msg->gate);
	return TRACTOR_OK;
}

static tractor_err
probe_on_hold(struct probe *self, tractor_ctx *ctx, const struct probe_hold *msg, struct probe_value *reply)
{
	gate_pass(msg->gate);
	reply->value = msg->value;
	return TRACTOR_OK;
}

static tractor_err
probe_on_linger(
	struct probe *self, tractor_ctx *ctx, const struct probe_linger *msg, struct probe_value *reply)
{
	puts("lingering");
	reply->value = tractor_select(ctx, TRACTOR_AFTER(-1));
	puts("told to stop");
	return tractor_fail(TRACTOR_EREFUSED, "stopped while it lingered");
}

static tractor_err
probe_on_echo(struct probe *self, tractor_ctx *ctx, const struct probe_echo *msg, struct probe_value *reply)
{
	reply->value = msg->value;
	return TRACTOR_OK;
}

static tractor_err
probe_on_refuse(
	struct probe *self, tractor_ctx *ctx, const struct probe_refuse *msg, struct probe_value *reply)
{
	if (*msg->why == '\0')
		return TRACTOR_EREFUSED;
	return tractor_fail(TRACTOR_EREFUSED, "%s", msg->why);
}

static tractor_err
probe_on_shrug(struct probe *self, tractor_ctx *ctx, const struct probe_shrug *msg, struct probe_value *reply)
{
	const probe_ref nobody = { .at = { .actor = 0 } };

	(void)tractor_tell(ctx, nobody, probe_note, .n = 1);
	return TRACTOR_EREFUSED;
}

static tractor_err
probe_on_die(struct probe *self, tractor_ctx *ctx, const struct probe_die *msg, struct probe_value *reply)
{
	die(ctx, msg->how);
	return TRACTOR_OK;
}

static tractor_err
probe_on_fall(struct probe *self, tractor_ctx *ctx, const struct probe_fall *msg)
{
	die(ctx, msg->how);
	return TRACTOR_OK;
}

/* --- handing the duty on --- */

static tractor_err
probe_on_delegate_echo(struct probe *self, tractor_ctx *ctx, const struct probe_delegate_echo *msg,
	struct probe_value *reply)
{
	return tractor_forward(ctx, msg->to, reply, probe_echo, .value = msg->value);
}

static tractor_err
probe_on_delegate_hold(struct probe *self, tractor_ctx *ctx, const struct probe_delegate_hold *msg,
	struct probe_value *reply)
{
	return tractor_forward(ctx, msg->to, reply, probe_hold, .gate = msg->gate, .value = msg->value);
}

static tractor_err
probe_on_delegate_refuse(struct probe *self, tractor_ctx *ctx, const struct probe_delegate_refuse *msg,
	struct probe_value *reply)
{
	return tractor_forward(ctx, msg->to, reply, probe_refuse, .why = msg->why);
}

static tractor_err
probe_on_delegate_die(
	struct probe *self, tractor_ctx *ctx, const struct probe_delegate_die *msg, struct probe_value *reply)
{
	return tractor_forward(ctx, msg->to, reply, probe_die, .how = msg->how);
}

/* The first of a list of refs, and the rest. */
static tractor_field_list_probe_ref
rest_of(tractor_field_list_probe_ref via)
{
	return (tractor_field_list_probe_ref){ .items = via.items + 1, .count = via.count - 1 };
}

static tractor_err
probe_on_chain(struct probe *self, tractor_ctx *ctx, const struct probe_chain *msg, struct probe_value *reply)
{
	note(self, msg->value);
	if (msg->via.count > 0)
		return tractor_forward(ctx, msg->via.items[0], reply, probe_chain, .via = rest_of(msg->via),
			.value = msg->value);
	reply->value = msg->value;
	return TRACTOR_OK;
}

static tractor_err
probe_on_pass_on(struct probe *self, tractor_ctx *ctx, const struct probe_pass_on *msg)
{
	tractor_err err = tractor_forward_tell(ctx, msg->to, probe_note, .n = msg->n);

	printf("passed on: %s\n", tractor_err_name(err));
	return err;
}

/* --- replying later --- */

static tractor_err
probe_on_later(struct probe *self, tractor_ctx *ctx, const struct probe_later *msg, struct probe_value *reply)
{
	return tractor_defer(ctx, &self->promise);
}

static tractor_err
probe_on_keep_word(
	struct probe *self, tractor_ctx *ctx, const struct probe_keep_word *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(
		ctx, tractor_reply(ctx, &self->promise, probe_later, .value = msg->value), began_ms, reply);
}

static tractor_err
probe_on_break_word(
	struct probe *self, tractor_ctx *ctx, const struct probe_break_word *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx, tractor_refuse(ctx, &self->promise, (tractor_err)msg->err), began_ms, reply);
}

/* --- using the verbs --- */

static tractor_err
probe_on_poke(struct probe *self, tractor_ctx *ctx, const struct probe_poke *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();
	tractor_err err = msg->try ? tractor_try_tell(ctx, msg->to, probe_note, .n = msg->n)
				   : tractor_tell(ctx, msg->to, probe_note, .n = msg->n);

	return report(ctx, err, began_ms, reply);
}

static tractor_err
probe_on_occupy(
	struct probe *self, tractor_ctx *ctx, const struct probe_occupy *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx, tractor_tell(ctx, msg->to, probe_block, .gate = msg->gate), began_ms, reply);
}

static tractor_err
ask_relay(tractor_ctx *ctx, const struct probe_relay *msg, struct probe_outcome *reply)
{
	probe_relay_future future;

	if (!msg->by_future)
		return tractor_ask(ctx, msg->via.items[0], reply, probe_relay, .via = rest_of(msg->via),
			.value = msg->value);
	tractor_err err = tractor_ask_async(ctx, msg->via.items[0], &future, probe_relay,
		.via = rest_of(msg->via), .by_future = true, .value = msg->value);
	return err == TRACTOR_OK ? tractor_await(ctx, &future, reply, 5000) : err;
}

/* An outcome that came from further down is handed up as it is. */
static tractor_err
probe_on_relay(
	struct probe *self, tractor_ctx *ctx, const struct probe_relay *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	if (msg->via.count == 0) {
		reply->value = msg->value;
		return TRACTOR_OK;
	}
	tractor_err err = ask_relay(ctx, msg, reply);
	return err == TRACTOR_OK ? TRACTOR_OK : report(ctx, err, began_ms, reply);
}

static tractor_err
probe_on_patience(
	struct probe *self, tractor_ctx *ctx, const struct probe_patience *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();
	probe_hold_future future;
	struct probe_value value = { .value = 0 };
	tractor_err err = tractor_ask_async(ctx, msg->to, &future, probe_hold, .gate = msg->gate, .value = 7);

	if (err == TRACTOR_OK)
		printf("first: %s\n", tractor_err_name(tractor_await(ctx, &future, &value, msg->await_ms)));
	if (err == TRACTOR_OK)
		err = tractor_await(ctx, &future, &value, TRACTOR_FOREVER);
	reply->value = value.value;
	return report(ctx, err, began_ms, reply);
}

static tractor_err
probe_on_remind(
	struct probe *self, tractor_ctx *ctx, const struct probe_remind *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx,
		tractor_tell_after(ctx, msg->delay_ms, &self->timer, msg->to, probe_note, .n = msg->n),
		began_ms, reply);
}

static tractor_err
probe_on_forget(
	struct probe *self, tractor_ctx *ctx, const struct probe_forget *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx, tractor_cancel(ctx, &self->timer), began_ms, reply);
}

static tractor_err
probe_on_find(struct probe *self, tractor_ctx *ctx, const struct probe_find *msg, struct probe_spawned *reply)
{
	reply->err = tractor_find(ctx, probe, msg->path, &reply->ref);
	reply->why = reply->err == TRACTOR_OK ? "" : tractor_format(ctx, "%s", tractor_why());
	return TRACTOR_OK;
}

static tractor_err
probe_on_spawn(
	struct probe *self, tractor_ctx *ctx, const struct probe_spawn *msg, struct probe_spawned *reply)
{
	reply->err = tractor_spawn(ctx, probe, msg->pool, &reply->ref, .name = *msg->name ? msg->name : NULL,
		.args = TRACTOR_ARGS("colour", msg->colour));
	reply->why = reply->err == TRACTOR_OK ? "" : tractor_format(ctx, "%s", tractor_why());
	return TRACTOR_OK;
}

static tractor_err
probe_on_watch(
	struct probe *self, tractor_ctx *ctx, const struct probe_watch *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx, tractor_monitor(ctx, msg->to), began_ms, reply);
}

static tractor_err
probe_on_stop(struct probe *self, tractor_ctx *ctx, const struct probe_stop *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx, tractor_stop(ctx, msg->to), began_ms, reply);
}

static tractor_err
probe_on_finish(
	struct probe *self, tractor_ctx *ctx, const struct probe_finish *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx, tractor_finish(ctx, *msg->reason ? msg->reason : NULL), began_ms, reply);
}

static tractor_err
probe_on_arg(struct probe *self, tractor_ctx *ctx, const struct probe_arg *msg, struct probe_text *reply)
{
	reply->text = tractor_arg(ctx, msg->name, msg->fallback);
	return TRACTOR_OK;
}

static tractor_err
probe_on_say(struct probe *self, tractor_ctx *ctx, const struct probe_say *msg)
{
	tractor_log(ctx, TRACTOR_DEBUG, "debug: %s", msg->text);
	tractor_log(ctx, TRACTOR_INFO, "info: %s", msg->text);
	printf("printed: %s\n", msg->text);
	return TRACTOR_OK;
}

static tractor_err
probe_on_format(
	struct probe *self, tractor_ctx *ctx, const struct probe_format *msg, struct probe_text *reply)
{
	char *copy = tractor_alloc(ctx, strlen(msg->text) + 1);

	strcpy(copy, msg->text);
	reply->text = tractor_format(ctx, "%s %lld", copy, (long long)msg->n);
	return TRACTOR_OK;
}

static tractor_err
probe_on_who_asks(
	struct probe *self, tractor_ctx *ctx, const struct probe_who_asks *msg, struct probe_who *reply)
{
	reply->sender = tractor_sender(ctx).actor;
	reply->self = tractor_self(ctx, probe).at.actor;
	reply->path = tractor_path(ctx);
	reply->incarnation = tractor_incarnation(ctx);
	reply->pid = getpid();
	return TRACTOR_OK;
}

/* --- the narrow ref --- */

static tractor_err
probe_on_give_sink(
	struct probe *self, tractor_ctx *ctx, const struct probe_give_sink *msg, struct probe_gift *reply)
{
	reply->sink = tractor_self(ctx, sink);
	return TRACTOR_OK;
}

static tractor_err
probe_on_keep_sink(struct probe *self, tractor_ctx *ctx, const struct probe_keep_sink *msg)
{
	self->sink = msg->sink;
	return TRACTOR_OK;
}

static tractor_err
probe_on_use_sink(
	struct probe *self, tractor_ctx *ctx, const struct probe_use_sink *msg, struct probe_outcome *reply)
{
	int64_t began_ms = now_ms();

	return report(ctx, tractor_tell(ctx, self->sink, sink_put, .n = msg->n), began_ms, reply);
}

/* --- hooks --- */

static tractor_err
on_start(struct probe *self, tractor_ctx *ctx)
{
	const char *how = tractor_arg(ctx, "start", "");

	puts("start");
	die(ctx, how);
	if (strcmp(how, "die second") == 0 && tractor_incarnation(ctx) == 2)
		die(ctx, "panic");
	if (strcmp(how, "refuse") == 0)
		return tractor_fail(TRACTOR_EREFUSED, "the %s is missing", tractor_arg(ctx, "what", "thing"));
	return strcmp(how, "ignore") == 0 ? TRACTOR_IGNORE : TRACTOR_OK;
}

static tractor_err
on_stop(struct probe *self, tractor_ctx *ctx)
{
	printf("stop %zu\n", self->count);
	return TRACTOR_OK;
}

static enum tractor_flow
on_panic(struct probe *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	printf("panic of %u: %s\n", panic->incarnation, tractor_cause_name(panic->cause));
	return strcmp(tractor_arg(ctx, "flow", ""), "continue") == 0 ? TRACTOR_FLOW_CONTINUE
								     : TRACTOR_FLOW_STOP;
}

static tractor_err
on_down(struct probe *self, tractor_ctx *ctx, const struct tractor_down *down)
{
	printf("down %s %u %s%s\n", down->path, down->incarnation, down->reason, down->final ? " final" : "");
	return TRACTOR_OK;
}

TRACTOR_MAIN(probe, .serves = TRACTOR_SERVES(probe, sink), .on_start = on_start, .on_stop = on_stop,
	.on_panic = on_panic, .on_down = on_down);
