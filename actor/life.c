/*
 * life.c: an actor's life from main() to exit: link, hello, on_panic and on_start, messages until it is to stop, on_stop, bye. What goes wrong before it is ready ends the process with a
 * code of the library's and its reason in the black box.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor_process.h"
#include "capture.h"
#include "modules.h"
#include "why.h"

#define TITLE_NAME_BYTES 128 /* no name is as long */

struct tri_actor *tri_the_actor;

/* Leaves the reason where the supervisor looks for it. */
static int
refuse(struct tri_blackbox *box, int code, const char *format, ...)
{
	char text[TRI_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "<3>%s\n", text);
	if (box && tri_blackbox_last_words(box, TRI_LAST_REFUSED))
		memcpy(box->text, text, sizeof(text));
	return code;
}

static int
started_by_hand(const char *program)
{
	fprintf(stderr,
		"%s is an actor of tractor and does not run outside a tree.\n"
		"Name it in a tree file and start that:\n\n"
		"    name: demo\n"
		"    children:\n"
		"      - actor: %s\n"
		"        exec: %s\n\n"
		"    tractor run demo.yaml\n",
		program, strrchr(program, '/') ? strrchr(program, '/') + 1 : program, program);
	return TRI_EXIT_BY_HAND;
}

/* The one it was started as; NULL: this binary has none of that name. Without a name: the only one. */
static const struct tractor_actor *
choose(const struct tractor_actor *const *actors, const char *name)
{
	if (!name)
		return actors[0] && !actors[1] ? actors[0] : NULL;
	for (; *actors; actors++)
		if (strcmp((*actors)->name, name) == 0)
			return *actors;
	return NULL;
}

/* The tree's name for it need not be the binary's if there is only one to choose. */
static const struct tractor_actor *
choose_for(const struct tractor_actor *const *actors, const char *role, const char *name)
{
	const struct tractor_actor *chosen = choose(actors, role && *role ? role : name);

	return chosen || (role && *role) ? chosen : choose(actors, NULL);
}

/* The last part of the path; a spare's is followed by a blank, and empty where it isn't known yet. */
static void
name_of(const char *title, char *ret_name, size_t size)
{
	const char *slash = title ? strrchr(title, '/') : NULL;

	snprintf(ret_name, size, "%s", slash ? slash + 1 : "");
	ret_name[strcspn(ret_name, " ")] = '\0';
}

static void
list_names(const struct tractor_actor *const *actors, char *to, size_t size)
{
	size_t used = 0;

	snprintf(to, size, "none");
	for (; *actors && used < size; actors++)
		used += (size_t)snprintf(to + used, size - used, "%s%s", used ? ", " : "", (*actors)->name);
}

/* All that happens before the supervisor is spoken to. */
static tractor_err
prepare(struct tri_actor *actor, const char *url)
{
	tractor_err err = tri_index_handlers(actor);

	tri_context_begin(&actor->ctx, &tri_actor_end);
	actor->ctx.actor = actor;
	tri_take_incarnation(actor);
	actor->ctx.arena = &actor->hook_arena;
	tri_outbox_open(&actor->outbox, actor->box, &actor->channel.parcels);
	if (err == TRACTOR_OK)
		err = tri_state_open(&actor->state, actor->behaviour.state_bytes);
	if (err == TRACTOR_OK && actor->behaviour.durable)
		err = tri_state_keep(&actor->state, TRI_FD_STATE);
	if (err != TRACTOR_OK)
		return err;
	tri_nng_init();
	return tri_channel_open(&actor->channel, url, actor->box,
		&(struct tri_channel_fds){ TRI_FD_BELL, TRI_FD_DOORBELL, TRI_FD_SOCKET, TRI_FD_RUNG });
}

/* A hook or a step: what it allocated goes when it has returned. */
static void
hook_begins(struct tri_actor *actor)
{
	tri_why_clear();
	atomic_store_explicit(&actor->box->busy_since_ns, tri_now_ns(), memory_order_relaxed);
}

static void
hook_ended(struct tri_actor *actor)
{
	atomic_store_explicit(&actor->box->busy_since_ns, 0, memory_order_relaxed);
	tri_arena_reset(&actor->hook_arena);
}

static enum tractor_flow
ask_on_panic(struct tri_actor *actor, const struct tri_died *died)
{
	struct tractor_panic panic = {
		.cause = (enum tractor_cause)died->cause,
		.signal = died->signal,
		.code = died->code,
		.fault_address = died->fault_address,
		.text = died->text,
		.incarnation = died->incarnation,
		.message = *died->message ? died->message : NULL,
		.digest = died->digest,
	};

	hook_begins(actor);
	enum tractor_flow flow = actor->behaviour.on_panic(actor->state.work, &actor->ctx, &panic);
	hook_ended(actor);
	return flow;
}

/* What was whole is not any more; in a replay it is needed still. */
static void
forget(struct tri_actor *actor)
{
	if (!actor->said->replays)
		tri_state_forget(&actor->state);
}

/* True if it goes on with the state of the one before. */
static bool
continues(struct tri_actor *actor)
{
	const struct tri_died *died = &actor->said->died;

	if (!died->panicked || !actor->behaviour.on_panic) {
		forget(actor);
		return false;
	}
	bool whole = tri_state_load(&actor->state, actor->said->whole);
	if (ask_on_panic(actor, died) == TRACTOR_FLOW_CONTINUE && whole)
		return true;
	memset(actor->state.work, 0, actor->behaviour.state_bytes);
	forget(actor);
	return false;
}

/* Everything else is as the hooks have made it (files that they opened, say); the state is what it was before the message that is to be replayed. */
static tractor_err
lay_state_over(struct tri_actor *actor)
{
	if (!actor->said->replays || tri_state_load(&actor->state, actor->said->whole))
		return TRACTOR_OK;
	return tri_why(TRACTOR_EBADMSG, "the state that was recorded is not of this program's size");
}

static tractor_err
start(struct tri_actor *actor)
{
	tri_actor_phase(actor, TRI_PHASE_STARTING);
	bool continued = continues(actor);
	tractor_err err = tri_fault_at(actor, TRI_AT_START, 0);

	if (err == TRACTOR_OK && !continued && actor->behaviour.on_start) {
		hook_begins(actor);
		err = actor->behaviour.on_start(actor->state.work, &actor->ctx);
		if (err != TRACTOR_OK && !*tri_why_said_of(err))
			tri_why(err, "on_start returned %s", tractor_err_name(err));
		hook_ended(actor);
	}
	if (err == TRACTOR_OK)
		err = lay_state_over(actor);
	if (err == TRACTOR_OK)
		tri_state_save(&actor->state, atomic_load(&actor->box->done));
	tractor_err said = tri_say_ready(actor, err, continued);
	return err != TRACTOR_OK ? err : said;
}

/* Without a step of its own: the next message, or waiting for one. */
static void
default_step(struct tri_actor *actor)
{
	if (actor->unaccepted == 0 && tri_actor_has_mail(actor)) {
		tri_dispatch_next(actor);
		return;
	}
	tri_say_done(actor);
	if (tri_actor_wait(actor, NULL, 0, TRI_FOREVER, actor->unaccepted == 0) != TRACTOR_OK)
		tri_panic(&actor->ctx, __FILE__, __LINE__, "%s", tractor_why());
}

static void
own_step(struct tri_actor *actor)
{
	tri_why_clear();
	tractor_err err = actor->behaviour.step(actor->state.work, &actor->ctx);

	tri_arena_reset(&actor->hook_arena);
	tri_state_save(&actor->state, atomic_load(&actor->box->done));
	if (err != TRACTOR_OK && !tri_actor_stopping(actor))
		tri_panic(&actor->ctx, __FILE__, __LINE__, "its step returned %s%s%s", tractor_err_name(err),
			*tri_why_said_of(err) ? ": " : "", tri_why_said_of(err));
}

static void
run(struct tri_actor *actor)
{
	tri_actor_phase(actor, TRI_PHASE_IDLE);
	while (!tri_actor_stopping(actor)) {
		if (actor->behaviour.step)
			own_step(actor);
		else
			default_step(actor);
	}
	tri_say_done(actor);
}

static void
stop(struct tri_actor *actor)
{
	tri_actor_phase(actor, TRI_PHASE_STOPPING);
	actor->may_be_stopped = false;
	tri_fault_at(actor, TRI_AT_STOP, 0);
	if (actor->behaviour.on_stop) {
		hook_begins(actor);
		tractor_err err = actor->behaviour.on_stop(actor->state.work, &actor->ctx);
		if (err != TRACTOR_OK)
			tractor_log(&actor->ctx, TRACTOR_WARNING, "on_stop returned %s%s%s",
				tractor_err_name(err), *tri_why_said_of(err) ? ": " : "",
				tri_why_said_of(err));
		hook_ended(actor);
	}
	fflush(stdout);
	fflush(stderr);
	tri_say_bye(actor);
	tri_actor_phase(actor, TRI_PHASE_ENDED);
}

/*
 * All but the link: nng 1.5.2's nng_close() may wait for ever for a thread of its own if a message comes meanwhile (nanomsg/nng#1543), and the
 * supervisor has said farewell. The kernel closes it in a moment.
 */
static void
release(struct tri_actor *actor)
{
	tri_the_actor = NULL;
	tri_fault_end(actor);
	tri_packets_free(&actor->inbox);
	tri_context_end(&actor->ctx);
	tri_packet_free(actor->welcome);
	free(actor->channel.spare);
	tri_state_close(&actor->state);
	tri_arena_free(&actor->arena);
	tri_arena_free(&actor->hook_arena);
	tri_arena_free(&actor->hand_arena);
	free(actor->served);
	free(actor->reason);
}

static int
live(struct tri_actor *actor, const char *url)
{
	tractor_err err = prepare(actor, url);

	tri_actor_phase(actor, TRI_PHASE_LINKING);
	tri_take_sigterm(actor);
	if (err == TRACTOR_OK)
		err = tri_handshake(actor);
	if (err == TRACTOR_OK)
		tri_fault_begin(actor);
	if (err != TRACTOR_OK)
		return refuse(actor->box, TRI_EXIT_FAILED, "cannot start: %s", tractor_why());
	err = start(actor);
	if (err == TRACTOR_OK)
		run(actor);
	stop(actor);
	release(actor);
	return err == TRACTOR_OK || err == TRACTOR_IGNORE ? EXIT_SUCCESS : TRI_EXIT_FAILED;
}

int
tractor_actor_main(int argc, char **argv, const struct tractor_actor *const *actors)
{
	static struct tri_actor actor;
	const char *url = getenv(TRI_ENV_LINK), *role = getenv(TRI_ENV_ACTOR);
	struct tri_blackbox *box;
	char name[TITLE_NAME_BYTES], names[512];

	if (!url)
		return started_by_hand(argc > 0 ? argv[0] : "this program");
	/* Whole lines: what several threads, or stdio and tractor_log(), print doesn't meet in one. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stderr, NULL, _IOLBF, 0);
	if (tri_blackbox_map(TRI_FD_BLACKBOX, &box) != TRACTOR_OK || tri_capture_install(box) != TRACTOR_OK)
		return refuse(NULL, TRI_EXIT_FAILED, "cannot start: %s", tractor_why());
	tri_note_program(&box->program);
	/* The supervisor gives the path in the tree as the one argument, for `ps` to show and for this. */
	char *title = argc > 1 ? argv[1] : NULL;
	name_of(title, name, sizeof(name));
	const struct tractor_actor *what = choose_for(actors, role, name);
	if (!what) {
		list_names(actors, names, sizeof(names));
		return refuse(box, TRI_EXIT_HOPELESS,
			"this program has no actor \"%s\"; it has %s. Say which with `role:`",
			role && *role ? role : name, names);
	}
	char *own_url = strdup(url);
	for (int fd = TRI_FD_BLACKBOX; fd <= TRI_FD_RUNG; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	unsetenv(TRI_ENV_LINK);
	unsetenv(TRI_ENV_ACTOR);
	actor = (struct tri_actor){ .what = what,
		.behaviour = what->behaviour(),
		.box = box,
		.title = title,
		.may_be_stopped = true };
	tri_the_actor = &actor;
	int code = own_url ? live(&actor, own_url) : TRI_EXIT_FAILED;
	free(own_url);
	return code;
}

void
tractor_begin_with(int argc, char **argv, const struct tractor_actor *const *actors)
{
	if (getenv(TRI_ENV_LINK))
		exit(tractor_actor_main(argc, argv, actors));
}
