/*
 * sender.c: the load: numbered messages, each written down before it is sent and again when its fate is known. A sender that died in between knows no more than
 * that it may have been sent, and says so. Numbers are never used twice, by whichever incarnation.
 */
#include "member.h"

#include <stdlib.h>
#include <string.h>

#define PAUSE_MS 4    /* at most, between two messages of a sender: some hundred a second */
#define ASYNC_COUNT 3 /* asks at a time, in the asynchronous ones */
#define LATE_MS 1000  /* beyond its limit: the answer's way, and our own way back to a processor */

uint8_t
sender_ballast_byte(uint32_t number, size_t at)
{
	return (uint8_t)(number * 31 + at * 7);
}

struct tractor_bytes
sender_ballast(tractor_ctx *ctx, uint32_t number, size_t size)
{
	uint8_t *data = tractor_alloc(ctx, size);

	if (!data) {
		atomic_fetch_add(&process.ledger->memory_short, 1);
		return (struct tractor_bytes){ .size = 0 };
	}
	for (size_t i = 0; i < size; i++)
		data[i] = sender_ballast_byte(number, i);
	return (struct tractor_bytes){ .data = data, .size = size };
}

static struct tractor_bytes
some_ballast(tractor_ctx *ctx, uint32_t number)
{
	size_t size = ledger_pick(&process.random, BALLAST_MAX + 1);

	if (ledger_pick(&process.random, 2) == 0)
		size = 0;
	if (ledger_pick(&process.random, 16) == 0)
		size *= 64;
	return sender_ballast(ctx, number, size);
}

/* --- what is written down --- */

/* 0: there are no more numbers. */
static uint32_t
next_number(unsigned to, enum fate fate)
{
	struct ledger_out *out = &process.ledger->out[to];
	uint32_t number = atomic_load(&out->tried) + 1;

	if (number >= LEDGER_NUMBERS)
		return 0;
	/* In this order: a death in between leaves a number that was used for nothing. */
	atomic_store(&out->tried, number);
	atomic_store(&out->fate[number], fate);
	return number;
}

static void
settle(unsigned to, uint32_t number, enum fate fate)
{
	atomic_store(&process.ledger->out[to].fate[number], fate);
}

/* Errors that restarts and full mailboxes lead to. ECLOSED: this process is being stopped, and knows nothing of what it sent. */
static bool
is_expected(tractor_err err, tractor_err also)
{
	return err == TRACTOR_OK || err == also || member_excuses(err);
}

/* Whoever answers may be short of memory, or whoever that one asks in its turn. */
static bool
somebody_was_starved(void)
{
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		if (atomic_load(&process.board->starved[i]) != 0)
			return true;
	return false;
}

static void
settle_tell(unsigned to, uint32_t number, tractor_err err, bool insist)
{
	atomic_fetch_add(&process.ledger->told[err % LEDGER_ERRORS], 1);
	if (!is_expected(err, insist ? TRACTOR_OK : TRACTOR_EFULL))
		ledger_wrong(process.ledger, WRONG_ERROR, "tell %u to %s: %s", number, members[to].path,
			tractor_why());
	if (err != TRACTOR_ECLOSED)
		settle(to, number, err == TRACTOR_OK ? FATE_ACCEPTED : FATE_REFUSED);
}

static void
settle_ask(unsigned to, uint32_t number, tractor_err err, bool same_nonce)
{
	atomic_fetch_add(&process.ledger->asked[err % LEDGER_ERRORS], 1);
	if (!is_expected(err, TRACTOR_ECRASHED) && !(err == TRACTOR_ENOMEM && somebody_was_starved()))
		ledger_wrong(process.ledger, WRONG_ERROR, "ask %u to %s: %s", number, members[to].path,
			tractor_why());
	if (err == TRACTOR_OK && !same_nonce)
		ledger_wrong(process.ledger, WRONG_NONCE, "ask %u to %s", number, members[to].path);
	if (err != TRACTOR_ECLOSED)
		settle(to, number,
			err == TRACTOR_OK	  ? FATE_ANSWERED
			: err == TRACTOR_ECRASHED ? FATE_CRASHED
						  : FATE_UNHEARD);
}

static uint64_t
ask_begins(void)
{
	uint64_t now_ns = ledger_now_ns();

	atomic_store(&process.ledger->asking_since_ns, now_ns);
	return now_ns;
}

static void
ask_ended(unsigned to, uint32_t number, uint64_t began_ns)
{
	uint64_t took_ns = ledger_now_ns() - began_ns;

	atomic_store(&process.ledger->asking_since_ns, 0);
	if (took_ns > atomic_load(&process.ledger->longest_ask_ns))
		atomic_store(&process.ledger->longest_ask_ns, took_ns);
	if (took_ns / 1000000 > (uint64_t)atomic_load(&process.board->ask_limit_ms) + LATE_MS)
		ledger_wrong(process.ledger, WRONG_ASK, "ask %u to %s: %llu ms", number, members[to].path,
			(unsigned long long)(took_ns / 1000000));
}

/* --- what is sent --- */

static void
send_note(tractor_ctx *ctx, unsigned to, bool insist)
{
	soak_ref ref;

	if (!member_ref(ctx, to, &ref))
		return;
	uint32_t number = next_number(to, FATE_TOLD);
	if (number == 0)
		return;
	struct soak_note note = {
		.from = process.me, .number = number, .ballast = some_ballast(ctx, number)
	};
	settle_tell(to, number,
		insist ? soak_note_tell(ctx, ref, &note) : soak_note_try_tell(ctx, ref, &note), insist);
}

void
sender_try_note(tractor_ctx *ctx, unsigned to)
{
	send_note(ctx, to, false);
}

tractor_err
sender_ask(tractor_ctx *ctx, unsigned to, uint64_t nonce, uint64_t *ret_nonce)
{
	int64_t limit_ms = atomic_load(&process.board->ask_limit_ms);
	struct soak_echo echo = { .nonce = 0 };
	soak_ref ref;

	if (!member_ref(ctx, to, &ref))
		return TRACTOR_ECLOSED;
	uint32_t number = next_number(to, FATE_ASKED);
	struct tractor_bytes ballast = some_ballast(ctx, number);
	uint64_t began_ns = ask_begins();
	tractor_err err = tractor_ask_within(ctx, limit_ms, ref, &echo, soak_probe, .from = process.me,
		.number = number, .nonce = nonce, .ballast = ballast);
	ask_ended(to, number, began_ns);
	settle_ask(to, number, err, echo.nonce == nonce);
	*ret_nonce = echo.nonce;
	return err;
}

tractor_err
sender_forward(tractor_ctx *ctx, unsigned to, struct soak_echo *reply, uint64_t nonce)
{
	soak_ref ref;

	if (!member_ref(ctx, to, &ref))
		return TRACTOR_ECLOSED;
	uint32_t number = next_number(to, FATE_ASKED);
	return tractor_forward(
		ctx, ref, reply, soak_probe, .from = process.me, .number = number, .nonce = nonce);
}

/* The asks that are not answered by the handler's return. */
static void
ask_by(tractor_ctx *ctx, unsigned to,
	tractor_err (*ask)(tractor_ctx *, soak_ref, int64_t, uint32_t, uint64_t, struct soak_echo *))
{
	uint64_t nonce = ledger_random(&process.random);
	struct soak_echo echo = { .nonce = 0 };
	soak_ref ref;

	if (!member_ref(ctx, to, &ref))
		return;
	uint32_t number = next_number(to, FATE_ASKED);
	uint64_t began_ns = ask_begins();
	tractor_err err = ask(ctx, ref, atomic_load(&process.board->ask_limit_ms), number, nonce, &echo);
	ask_ended(to, number, began_ns);
	settle_ask(to, number, err, echo.nonce == nonce);
}

#define ASK_BY(message)                                                                                     \
	static tractor_err ask_##message(tractor_ctx *ctx, soak_ref ref, int64_t limit_ms, uint32_t number, \
		uint64_t nonce, struct soak_echo *ret_echo)                                                 \
	{                                                                                                   \
		return tractor_ask_within(ctx, limit_ms, ref, ret_echo, message, .from = process.me,        \
			.number = number, .nonce = nonce);                                                  \
	}
ASK_BY(soak_hold)
ASK_BY(soak_relay)
ASK_BY(soak_through)

struct asked {
	unsigned to;
	uint32_t number;
	uint64_t nonce, began_ns;
	soak_probe_future future;
};

static bool
ask_async(tractor_ctx *ctx, unsigned to, struct asked *asked)
{
	soak_ref ref;

	if (!member_ref(ctx, to, &ref))
		return false;
	*asked = (struct asked){ .to = to, .nonce = ledger_random(&process.random) };
	asked->number = next_number(to, FATE_ASKED);
	asked->began_ns = ledger_now_ns();
	tractor_err err = tractor_ask_async(ctx, ref, &asked->future, soak_probe, .from = process.me,
		.number = asked->number, .nonce = asked->nonce);
	if (err != TRACTOR_OK)
		settle_ask(to, asked->number, err, false);
	return err == TRACTOR_OK;
}

static void
await(tractor_ctx *ctx, struct asked *asked)
{
	struct soak_echo echo = { .nonce = 0 };

	atomic_store(&process.ledger->asking_since_ns, asked->began_ns);
	tractor_err err = tractor_await(ctx, &asked->future, &echo, TRACTOR_FOREVER);
	ask_ended(asked->to, asked->number, asked->began_ns);
	settle_ask(asked->to, asked->number, err, echo.nonce == asked->nonce);
}

static void
ask_several(tractor_ctx *ctx, const unsigned *receivers, unsigned count)
{
	struct asked asked[ASYNC_COUNT];
	unsigned out = 0;

	for (unsigned i = 0; i < ASYNC_COUNT; i++)
		if (ask_async(ctx, receivers[ledger_pick(&process.random, count)], &asked[out]))
			out++;
	while (out > 0)
		await(ctx, &asked[--out]);
}

/* --- a sender's step --- */

static void
send_something(tractor_ctx *ctx)
{
	static const unsigned receivers[] = { PLAIN, KEEPER, LEFT, RIGHT, FRONT, BACK };
	const unsigned count = sizeof(receivers) / sizeof(receivers[0]);
	unsigned to = receivers[ledger_pick(&process.random, count)],
		 what = ledger_pick(&process.random, 100);
	uint64_t nonce;

	if (what < 78)
		send_note(ctx, to, what < 68);
	else if (what < 84)
		sender_ask(ctx, to, ledger_random(&process.random), &nonce);
	else if (what < 88)
		ask_by(ctx, to, ask_soak_hold);
	else if (what < 92)
		ask_by(ctx, FRONT, ask_soak_relay);
	else if (what < 96)
		ask_by(ctx, FRONT, ask_soak_through);
	else
		ask_several(ctx, receivers, count);
}

tractor_err
sender_step(struct member *self, tractor_ctx *ctx)
{
	bool go = atomic_load(&process.board->go) != 0;
	int64_t pause_ms = go ? (int64_t)ledger_pick(&process.random, PAUSE_MS + 1) : 20;

	(void)self;
	atomic_fetch_add(&process.ledger->turns, 1);
	faults_suffer(ctx);
	atomic_store(&process.ledger->resting, !go);
	if (go)
		send_something(ctx);
	if (tractor_select(ctx, TRACTOR_INBOX, TRACTOR_AFTER(pause_ms)) == 0)
		return tractor_dispatch(ctx);
	return TRACTOR_OK;
}
