/*
 * member.c: the soak's actors: what they do with a message, and what they write down of it. A handler first notes in the ledger that it began, which nothing
 * can take back, and then changes its state, which a crash in mid-handler must take back. What must not be is counted in the ledger; nothing here gives up over it.
 */
#include "member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process process;

#define TRACTOR_STATE struct member
TRACTOR_SERVE(soak, SOAK_PROTOCOL);

#define HOLD_MS 5
#define DWELL_US 3000 /* that some handlers take at most */

bool
member_excuses(tractor_err err)
{
	return err == TRACTOR_ECLOSED ||
	       (err == TRACTOR_ENOMEM &&
		       (atomic_load(&process.board->starved[process.me]) == (uint32_t)getpid() ||
			       atomic_load(&process.board->starved[MEMBER_COUNT]) != 0));
}

bool
member_ref(tractor_ctx *ctx, unsigned who, soak_ref *ret_ref)
{
	if (!process.known[who]) {
		tractor_err err = tractor_find(ctx, soak, members[who].path, &process.refs[who]);
		if (err != TRACTOR_OK && !member_excuses(err))
			ledger_wrong(process.ledger, WRONG_ERROR, "finding %s: %s", members[who].path,
				tractor_why());
		process.known[who] = err == TRACTOR_OK;
	}
	*ret_ref = process.refs[who];
	return process.known[who];
}

/* --- a numbered message --- */

static void
check_number(struct member *self, unsigned from, uint32_t number)
{
	struct ledger *ledger = process.ledger;
	struct ledger_in *in = &ledger->in[from];
	uint32_t last = atomic_load(&in->last);

	if (number == last && members[process.me].redelivers)
		atomic_fetch_add(&ledger->redelivered, 1);
	else if (number <= last)
		ledger_wrong(ledger, WRONG_ORDER, "%u from %s behind %u", number, members[from].path, last);
	if (number <= self->last[from])
		ledger_wrong(ledger, WRONG_STATE, "%u from %s, and the state has %u already", number,
			members[from].path, self->last[from]);
	atomic_fetch_add(&in->seen[number], 1);
	atomic_store(&in->last, number);
	self->last[from] = number;
}

static void
check_contents(tractor_ctx *ctx, unsigned from, uint32_t number, struct tractor_bytes ballast)
{
	if (tractor_sender(ctx).actor != atomic_load(&process.board->address[from]))
		ledger_wrong(process.ledger, WRONG_SENDER, "%u from %s, by %llu", number, members[from].path,
			(unsigned long long)tractor_sender(ctx).actor);
	for (size_t i = 0; i < ballast.size; i++)
		if (ballast.data[i] != sender_ballast_byte(number, i)) {
			ledger_wrong(process.ledger, WRONG_BALLAST, "%u from %s, at byte %zu of %zu", number,
				members[from].path, i, ballast.size);
			break;
		}
}

/* Who never needs one never notices that there is none. */
static void
need_fds(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	else if (errno == EMFILE)
		atomic_fetch_add(&process.ledger->fds_short, 1);
}

static void
take(struct member *self, tractor_ctx *ctx, unsigned from, uint32_t number, struct tractor_bytes ballast)
{
	if (from >= MEMBER_COUNT || number == 0 || number >= LEDGER_NUMBERS) {
		ledger_wrong(process.ledger, WRONG_BALLAST, "message %u of %u", number, from);
		return;
	}
	atomic_fetch_add(&process.ledger->entered, 1);
	check_number(self, from, number);
	check_contents(ctx, from, number, ballast);
	self->count++;
	atomic_fetch_add(&process.ledger->turns, 1);
	faults_suffer(ctx);
	need_fds();
	/* A handler that is over at once is never met by a signal. */
	if (ledger_pick(&process.random, 16) == 0)
		usleep(ledger_pick(&process.random, DWELL_US));
}

static tractor_err
soak_on_note(struct member *self, tractor_ctx *ctx, const struct soak_note *msg)
{
	take(self, ctx, msg->from, msg->number, msg->ballast);
	/* Now and then something comes back, so that senders have mail to lose, too. */
	if (!members[process.me].sends && msg->from < MEMBER_COUNT && msg->number % 8 == 0)
		sender_try_note(ctx, msg->from);
	return TRACTOR_OK;
}

static tractor_err
soak_on_probe(struct member *self, tractor_ctx *ctx, const struct soak_probe *msg, struct soak_echo *reply)
{
	take(self, ctx, msg->from, msg->number, msg->ballast);
	reply->nonce = msg->nonce;
	return TRACTOR_OK;
}

/* Promises are an incarnation's own; what is left of the one before is for nobody. */
static tractor_err
soak_on_hold(struct member *self, tractor_ctx *ctx, const struct soak_hold *msg, struct soak_echo *reply)
{
	struct held held = { .nonce = msg->nonce };

	take(self, ctx, msg->from, msg->number, msg->ballast);
	if (self->held_incarnation != tractor_incarnation(ctx))
		self->held_count = 0;
	self->held_incarnation = tractor_incarnation(ctx);
	reply->nonce = msg->nonce;
	if (self->held_count == HELD_MAX)
		return TRACTOR_OK;
	tractor_err err = tractor_tell_after(ctx, HOLD_MS, NULL, tractor_self(ctx, soak), soak_release);
	if (err == TRACTOR_OK)
		err = tractor_defer(ctx, &held.promise);
	if (err == TRACTOR_OK)
		self->held[self->held_count++] = held; /* else it is answered at once */
	else if (!member_excuses(err))
		ledger_wrong(process.ledger, WRONG_ERROR, "holding: %s", tractor_why());
	return TRACTOR_OK;
}

static tractor_err
soak_on_release(struct member *self, tractor_ctx *ctx, const struct soak_release *msg)
{
	if (self->held_incarnation != tractor_incarnation(ctx))
		self->held_count = 0;
	for (uint32_t i = 0; i < self->held_count; i++) {
		tractor_err err =
			tractor_reply(ctx, &self->held[i].promise, soak_hold, .nonce = self->held[i].nonce);
		if (err != TRACTOR_OK && !member_excuses(err))
			ledger_wrong(process.ledger, WRONG_ERROR, "a held reply: %s", tractor_why());
		if (err == TRACTOR_ENOMEM)
			tractor_panic(ctx, "no memory to answer, and somebody waits");
	}
	self->held_count = 0;
	return TRACTOR_OK;
}

static tractor_err
soak_on_relay(struct member *self, tractor_ctx *ctx, const struct soak_relay *msg, struct soak_echo *reply)
{
	take(self, ctx, msg->from, msg->number, msg->ballast);
	return sender_forward(ctx, BACK, reply, msg->nonce);
}

static tractor_err
soak_on_through(
	struct member *self, tractor_ctx *ctx, const struct soak_through *msg, struct soak_echo *reply)
{
	take(self, ctx, msg->from, msg->number, msg->ballast);
	return sender_ask(ctx, BACK, msg->nonce, &reply->nonce);
}

static tractor_err
soak_on_well(struct member *self, tractor_ctx *ctx, const struct soak_well *msg, struct soak_life *reply)
{
	(void)self;
	(void)ctx;
	(void)msg;
	reply->process = getpid();
	return TRACTOR_OK;
}

/* --- hooks --- */

static tractor_err
open_ledgers(tractor_ctx *ctx)
{
	process.me = member_at(tractor_path(ctx));
	if (process.me == MEMBER_COUNT)
		return tractor_fail(TRACTOR_EINVAL, "%s is none of the soak's", tractor_path(ctx));
	process.ledger = ledger_open(process.me);
	process.board = ledger_board();
	if (!process.ledger || !process.board)
		return tractor_fail(TRACTOR_ESYSTEM, "no ledger: %s", strerror(errno));
	process.random =
		atomic_load(&process.board->seed) ^ ((uint64_t)process.me << 32) ^ tractor_incarnation(ctx);
	atomic_store(&process.board->address[process.me], tractor_address_of(ctx).actor);
	atomic_store(&process.ledger->asking_since_ns, 0);
	atomic_store(&process.ledger->resting, 0);
	return TRACTOR_OK;
}

static void
note_start(void)
{
	atomic_store(&process.ledger->turns, 0);
	atomic_store(&process.ledger->process, getpid());
}

/* The chain's front watches the one behind it; a sender watches the chain's front, which is started after it. */
static void
watch(tractor_ctx *ctx, unsigned who)
{
	soak_ref ref;

	if (!member_ref(ctx, who, &ref))
		return;
	tractor_err err = tractor_monitor(ctx, ref);
	if (err != TRACTOR_OK && !member_excuses(err))
		ledger_wrong(process.ledger, WRONG_ERROR, "monitoring: %s", tractor_why());
}

static tractor_err
begin(struct member *self, tractor_ctx *ctx)
{
	(void)self;
	tractor_err err = open_ledgers(ctx);

	if (err != TRACTOR_OK)
		return err;
	atomic_store(&process.ledger->entered, 0);
	atomic_fetch_add(&process.ledger->began, 1);
	if (members[process.me].sends)
		watch(ctx, PLAIN);
	note_start();
	return TRACTOR_OK;
}

/* The state must be that of the last message that was handled whole: one behind the ledger if a message was in hand, and level with it else. */
static enum tractor_flow
go_on(struct member *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	if (open_ledgers(ctx) != TRACTOR_OK)
		tractor_panic(ctx, "%s", tractor_why()); /* to stop would be to throw the state away */
	uint64_t entered = atomic_load(&process.ledger->entered);
	if (entered != self->count && (entered != self->count + 1 || !panic->message))
		ledger_wrong(process.ledger, WRONG_STATE,
			"incarnation %u: %llu in the state, %llu begun, %s in hand", tractor_incarnation(ctx),
			(unsigned long long)self->count, (unsigned long long)entered,
			panic->message ? panic->message : "nothing");
	atomic_store(&process.ledger->entered, self->count);
	atomic_fetch_add(&process.ledger->continued, 1);
	note_start();
	return TRACTOR_FLOW_CONTINUE;
}

static tractor_err
note_down(struct member *self, tractor_ctx *ctx, const struct tractor_down *down)
{
	(void)self;
	(void)ctx;
	if (down->final && atomic_load(&process.board->go) != 0)
		ledger_wrong(process.ledger, WRONG_ERROR, "%s is said to be gone for good", down->path);
	atomic_fetch_add(&process.ledger->downs, 1);
	return TRACTOR_OK;
}

TRACTOR_ACTOR(
	sender, .serves = TRACTOR_SERVES(soak), .on_start = begin, .on_down = note_down, .step = sender_step);
TRACTOR_ACTOR(plain, .serves = TRACTOR_SERVES(soak), .on_start = begin);
TRACTOR_ACTOR(keeper, .serves = TRACTOR_SERVES(soak), .durable = true, .on_start = begin, .on_panic = go_on);
TRACTOR_BINARY(&sender_actor, &plain_actor, &keeper_actor);
