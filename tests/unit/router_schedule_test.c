/*
 * router_schedule_test.c: the router under random schedules: sends of every kind, handlers, crashes, stops, removals, time, and all of these
 * again from inside its callbacks. The model beside it is trivial: it only remembers of each message what the router has said of it, and of
 * each process what it was given. What must hold is checked as it happens and, when all has come to rest, for every message:
 *
 *   - a tell is accepted or refused once; once accepted, it is handled, or a dead letter, or quarantined: exactly one of them, once;
 *   - so is one that is committed, whatever its sender hears and whether that lives on;
 *   - an ask is refused once or answered once, unless its asker has gone;
 *   - what one actor sends another is begun in the order in which it was sent;
 *   - a process is never given more than the window;
 *   - nothing is left.
 *
 * A schedule is its seed: a failure names the test's loop number, which is the first of its seeds divided by SCHEDULES.
 */
#define UNIT_MANY_ASSERTIONS
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "router.h"
#include "unit.h"

#define PORT ROUTER_PORT_FIRST
#define MS INT64_C(1000000)
#define SCHEDULES 25 /* in each test */
#define ACTIONS 600  /* in each schedule */
#define ACTORS 5     /* ids 1 to this, and as many again for those that replace removed ones */
#define MESSAGES 2048
#define NESTING 2 /* actions within actions */
#define NOTHING UINT32_MAX

/* What was sent, and what became of it. Its index is its payload; its correlation is one more. */
struct message {
	uint64_t sender, target;
	uint32_t root;	/* a forwarded one: the ask that it carries on; else itself */
	unsigned order; /* in which its sender sent it; 0: delayed, whose order is that of the clock */
	bool ask, wants_accept, delayed, cancelled, committed;
	bool sender_gone; /* its process died: it may be dropped, and isn't told anything */
	unsigned accepted, refused, answered;
	unsigned handled, dead, quarantined;
};

struct handed {
	uint64_t sequence;
	uint32_t message;
};

/* An actor's slot and its process. */
struct process {
	bool exists, up, delivering;
	uint32_t incarnation;
	uint64_t last; /* sequence that was delivered */
	uint64_t done; /* its black box */
	uint32_t in_hand;
	uint64_t in_hand_sequence;
	bool in_hand_owes; /* an answer */
	struct handed queue[TRI_WINDOW];
	size_t queued;
	struct handed deferred[MESSAGES];
	size_t deferred_count;
	unsigned begun[2 * ACTORS + 8]; /* the last order begun, by sender */
};

static struct {
	struct router *router;
	int64_t now_ns;
	uint64_t seed;
	unsigned nesting;
	unsigned order;
	bool draining;
	uint32_t message_count;
	struct message messages[MESSAGES];
	struct process processes[2 * ACTORS + 1];
	uint64_t actors; /* ids up to this are in use */
	uint64_t port;	 /* the present one */
} m;

static void act(void);

/* xorshift64*: any generator would do; this one is the same everywhere. */
static unsigned
below(unsigned bound)
{
	m.seed ^= m.seed >> 12;
	m.seed ^= m.seed << 25;
	m.seed ^= m.seed >> 27;
	return (unsigned)((m.seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

static bool
chance(unsigned percent)
{
	return below(100) < percent;
}

/* Every callback may call back. */
static void
nest(void)
{
	if (m.draining || m.nesting >= NESTING || !chance(15))
		return;
	m.nesting++;
	act();
	m.nesting--;
}

static uint32_t
id_of(const struct router_message *message)
{
	uint32_t id;

	ck_assert_uint_eq(message->payload_bytes, sizeof(id));
	memcpy(&id, message->payload, sizeof(id));
	ck_assert_uint_lt(id, m.message_count);
	ck_assert_uint_eq(message->target, m.messages[id].target);
	ck_assert_uint_eq(message->sender, m.messages[id].sender);
	return id;
}

static unsigned
ends_of(const struct message *message)
{
	return message->handled + message->dead + message->quarantined;
}

/* --- what the router says --- */

static void
on_deliver(void *arg, uint64_t actor, const struct router_message *message)
{
	struct process *process = &m.processes[actor];
	uint32_t id = id_of(message);

	(void)arg;
	ck_assert(process->up && !process->delivering);
	ck_assert_uint_eq(message->sequence, process->last + 1);
	ck_assert_uint_lt(process->queued + (process->in_hand != NOTHING), TRI_WINDOW);
	ck_assert_uint_eq(ends_of(&m.messages[id]), 0);
	ck_assert_uint_eq(m.messages[id].refused, 0);
	process->last++;
	process->queue[process->queued++] = (struct handed){ message->sequence, id };
	process->delivering = true;
	nest();
	process->delivering = false;
}

static void
on_accept(void *arg, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err)
{
	struct message *message = &m.messages[correlation - 1];

	(void)arg;
	(void)incarnation;
	ck_assert_uint_eq(sender, message->sender);
	ck_assert(message->wants_accept);
	/* Of a committed one that is refused the world hears first, and may end the sender over it. */
	ck_assert(!message->sender_gone || (message->committed && err != TRACTOR_OK));
	ck_assert_uint_eq(message->accepted + message->refused + message->answered, 0);
	if (err == TRACTOR_OK)
		message->accepted++;
	else
		message->refused++;
	nest();
}

static void
on_answer(void *arg, uint64_t asker, uint32_t incarnation, uint64_t correlation, tractor_err err,
	const uint8_t *payload, size_t payload_bytes)
{
	struct message *message = &m.messages[correlation - 1];

	(void)arg;
	(void)incarnation;
	(void)payload;
	ck_assert_uint_eq(asker, message->sender);
	ck_assert(message->ask);
	ck_assert(!message->sender_gone);
	ck_assert_uint_eq(message->answered, 0);
	ck_assert_uint_eq(message->refused, 0);
	ck_assert_uint_eq(message->accepted, message->wants_accept);
	ck_assert(err == TRACTOR_OK || payload_bytes == 0);
	message->answered++;
	nest();
}

static void
on_dead_letter(void *arg, const struct router_message *router_message, tractor_err why)
{
	struct message *message = &m.messages[id_of(router_message)];

	(void)arg;
	ck_assert(why != TRACTOR_OK);
	ck_assert_uint_eq(ends_of(message), 0);
	message->dead++;
	nest();
}

static void
on_quarantined(void *arg, const struct router_message *router_message)
{
	struct message *message = &m.messages[id_of(router_message)];

	(void)arg;
	ck_assert_uint_ge(router_message->attempts, 1);
	ck_assert_uint_eq(ends_of(message), 0);
	message->quarantined++;
	nest();
}

static void
in_hand_is(void *arg, const struct router_message *message)
{
	ck_assert_uint_eq(id_of(message), *(const uint32_t *)arg);
	nest();
}

/* --- what actors do --- */

/* A random one that exists; 0: none. */
static uint64_t
some_actor(void)
{
	uint64_t id = 1 + below((unsigned)m.actors);

	return m.processes[id].exists ? id : 0;
}

static struct process *
some_process(void)
{
	uint64_t id = some_actor();

	return id != 0 && m.processes[id].up ? &m.processes[id] : NULL;
}

static uint64_t
id_of_process(const struct process *process)
{
	return (uint64_t)(process - m.processes);
}

static uint32_t
new_message(uint64_t sender, uint64_t target)
{
	uint32_t id = m.message_count++;

	m.messages[id] =
		(struct message){ .sender = sender, .target = target, .root = id, .order = ++m.order };
	return id;
}

static struct router_send
sending(const uint32_t *id, unsigned flags, int64_t limit_ms)
{
	const struct message *message = &m.messages[*id];

	return (struct router_send){
		.sender = message->sender,
		.incarnation = message->sender < PORT ? m.processes[message->sender].incarnation : 0,
		.correlation = *id + 1,
		.target = message->target,
		.message = 1 + below(40) / 39, /* now and then one that not everybody serves */
		.flags = (uint16_t)flags,
		.limit_ms = limit_ms,
		.payload = (const uint8_t *)id,
		.payload_bytes = sizeof(*id),
	};
}

static void
do_send(void)
{
	static const unsigned flags_of[] = { 0, 0, TRI_FLAG_WAITING, TRI_FLAG_WAITING, TRI_FLAG_TRY,
		TRI_FLAG_WAITING | TRI_FLAG_COMMITTED, TRI_FLAG_WAITING | TRI_FLAG_COMMITTED,
		TRI_FLAG_DELAYED, TRI_FLAG_ASK, TRI_FLAG_ASK | TRI_FLAG_BLOCKING,
		TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT, TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT | TRI_FLAG_WAITING,
		TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT | TRI_FLAG_TRY };
	unsigned flags = flags_of[below(sizeof(flags_of) / sizeof(flags_of[0]))];
	const struct process *from = chance(70) ? some_process() : NULL;
	uint64_t target = 1 + below((unsigned)m.actors + 1);
	struct router_send send;
	struct message *message;
	uint32_t id;

	if (m.message_count >= MESSAGES - 8)
		return;
	if (from == NULL)
		flags &= ~(unsigned)TRI_FLAG_COMMITTED; /* a port has no handlers */
	id = new_message(from != NULL ? id_of_process(from) : m.port, target);
	message = &m.messages[id];
	message->ask = (flags & TRI_FLAG_ASK) != 0;
	message->delayed = (flags & TRI_FLAG_DELAYED) != 0;
	message->committed = (flags & TRI_FLAG_COMMITTED) != 0;
	message->wants_accept = !message->ask || (flags & TRI_FLAG_WANT_ACCEPT) != 0;
	if (message->delayed)
		message->order = 0;
	send = sending(&id, flags, chance(50) ? -1 : (int64_t)below(40));
	router_send(m.router, &send, m.now_ns);
}

static void
do_cancel(void)
{
	uint32_t id = m.message_count > 0 ? below(m.message_count) : 0;

	if (m.messages[id].delayed && router_cancel(m.router, m.messages[id].sender, id + 1) == TRACTOR_OK)
		m.messages[id].cancelled = true;
}

static void
begin(struct process *process)
{
	uint32_t id = process->queue[0].message;
	const struct message *message = &m.messages[id];
	unsigned *begun = &process->begun[message->sender < PORT ? message->sender
								 : 2 * ACTORS + 1 + message->sender % 4];

	process->in_hand = id;
	process->in_hand_sequence = process->queue[0].sequence;
	process->in_hand_owes = message->ask;
	memmove(process->queue, process->queue + 1, --process->queued * sizeof(process->queue[0]));
	if (message->order == 0)
		return;
	ck_assert_uint_ge(message->order, *begun);
	*begun = message->order;
}

static void
finish(struct process *process)
{
	uint32_t id = process->in_hand;

	ck_assert_uint_eq(ends_of(&m.messages[id]), 0);
	m.messages[id].handled++;
	if (process->in_hand_owes)
		process->deferred[process->deferred_count++] =
			(struct handed){ process->in_hand_sequence, id };
	process->done = process->in_hand_sequence;
	process->in_hand = NOTHING;
	if (chance(80))
		router_done(m.router, id_of_process(process), process->done, m.now_ns);
}

/* The ask that it has in hand, or one that it deferred. False: it owes nothing. */
static bool
take_duty(struct process *process, struct handed *ret_duty)
{
	size_t i;

	if (process->in_hand != NOTHING && process->in_hand_owes) {
		*ret_duty = (struct handed){ process->in_hand_sequence, process->in_hand };
		process->in_hand_owes = false;
		return true;
	}
	if (process->deferred_count == 0)
		return false;
	i = below((unsigned)process->deferred_count);
	*ret_duty = process->deferred[i];
	process->deferred[i] = process->deferred[--process->deferred_count];
	return true;
}

static void
do_reply(struct process *process)
{
	struct handed duty;

	ck_assert_int_eq(router_reply(m.router, id_of_process(process), process->last + 1 + below(3),
				 TRACTOR_OK, NULL, 0),
		TRACTOR_EBADMSG);
	if (take_duty(process, &duty))
		ck_assert_int_eq(router_reply(m.router, id_of_process(process), duty.sequence,
					 chance(80) ? TRACTOR_OK : TRACTOR_EREFUSED, NULL, 0),
			TRACTOR_OK);
}

static void
do_forward(struct process *process)
{
	struct router_send send;
	struct handed duty;
	uint32_t id;

	if (m.message_count >= MESSAGES - 8 || !take_duty(process, &duty))
		return;
	id = new_message(id_of_process(process), 1 + below((unsigned)m.actors + 1));
	m.messages[id].ask = true;
	m.messages[id].root = m.messages[duty.message].root;
	send = sending(&id, TRI_FLAG_ASK, -1);
	ck_assert_int_eq(router_forward(m.router, duty.sequence, &send, m.now_ns), TRACTOR_OK);
}

/* --- what happens to actors --- */

/* Its process is no more; what it has sent and not heard of is nobody's. */
static void
gone(uint64_t sender)
{
	for (uint32_t i = 0; i < m.message_count; i++) {
		if (m.messages[i].sender == sender && m.messages[i].root == i)
			m.messages[i].sender_gone = true;
	}
}

static void
lose(struct process *process)
{
	gone(id_of_process(process));
	process->up = false;
	process->in_hand = NOTHING;
	process->queued = 0;
	process->deferred_count = 0;
}

static void
do_down(uint64_t id)
{
	struct process *process = &m.processes[id];
	uint32_t in_hand = process->in_hand;
	uint64_t sequence = in_hand != NOTHING ? process->in_hand_sequence : 0;

	lose(process);
	router_down(m.router, id, &(struct router_end){ .done = process->done, .in_hand = sequence },
		in_hand_is, &in_hand);
}

static void
do_up(uint64_t id)
{
	static const uint64_t served[] = { 1, 2 };
	struct process *process = &m.processes[id];
	struct router_counts counts;

	if (process->up)
		return;
	ck_assert_int_eq(router_counts(m.router, id, &counts), TRACTOR_OK);
	ck_assert_uint_eq(counts.sequence, process->last);
	process->up = true;
	process->done = process->last;
	process->incarnation++;
	/* Every third version understands less. */
	while (router_up(m.router, id, process->incarnation, served,
		       m.draining || process->incarnation % 3 != 0 ? 2 : 1) == TRACTOR_ENOMEM)
		;
}

static void
new_actor(void)
{
	uint64_t id = ++m.actors;

	m.processes[id] = (struct process){ .exists = true, .in_hand = NOTHING };
	while (router_add(m.router, id, below(6), chance(50)) == TRACTOR_ENOMEM)
		;
}

static void
do_remove(uint64_t id)
{
	struct process *process = &m.processes[id];
	uint32_t incarnation = process->incarnation;

	if (m.actors >= 2 * ACTORS)
		return;
	router_done(m.router, id, process->done, m.now_ns);
	if (!process->exists || process->incarnation != incarnation)
		return; /* something else was quicker */
	if (process->up && process->in_hand != NOTHING)
		return;
	lose(process);
	process->exists = false;
	router_remove(m.router, id);
	if (m.actors < 2 * ACTORS)
		new_actor();
}

static void
new_port(void)
{
	while (router_add_port(m.router, m.port) == TRACTOR_ENOMEM)
		;
}

static void
do_replace_port(void)
{
	uint64_t old = m.port;

	gone(old);
	m.port++;
	new_port();
	router_remove_port(m.router, old);
}

static void
pass(int64_t ms)
{
	m.now_ns += ms * MS;
	if (chance(3)) {
		m.now_ns += 1000 * MS;
		router_shift(m.router, 1000 * MS);
	}
	router_run(m.router, m.now_ns);
}

static void
live(struct process *process)
{
	if (process->in_hand == NOTHING && process->queued > 0)
		begin(process);
	else if (process->in_hand != NOTHING && chance(60))
		finish(process);
	else if (chance(70))
		do_reply(process);
	else
		do_forward(process);
}

static void
disturb(uint64_t id)
{
	unsigned what = below(12);

	if (what < 4 && m.processes[id].up)
		do_down(id);
	else if (what < 9)
		do_up(id);
	else if (what == 9)
		router_stopped(m.router, id, TRACTOR_ESTOPPED);
	else if (what == 10)
		router_expected(m.router, id);
	else if (chance(10))
		do_remove(id);
}

static void
act(void)
{
	struct process *process = some_process();
	uint64_t id = some_actor();
	unsigned what = below(100);

	if (what < 35)
		do_send();
	else if (what < 80 && process != NULL)
		live(process);
	else if (what < 83)
		pass(below(20));
	else if (what < 85)
		do_cancel();
	else if (what < 87 && process != NULL)
		router_wait(m.router, id_of_process(process), below(m.message_count + 1));
	else if (what < 88 && chance(20))
		do_replace_port();
	else if (what >= 88 && id != 0)
		disturb(id);
}

/* --- at rest --- */

static void
drain(void)
{
	m.draining = true;
	for (uint64_t id = 1; id <= m.actors; id++) {
		if (!m.processes[id].exists)
			continue;
		router_expected(m.router, id);
		do_up(id);
		router_done(m.router, id, m.processes[id].done, m.now_ns);
	}
	pass(100000);
	for (bool busy = true; busy;) {
		busy = false;
		for (uint64_t id = 1; id <= m.actors; id++) {
			struct process *process = &m.processes[id];

			if (!process->up || (process->queued == 0 && process->in_hand == NOTHING &&
						    process->deferred_count == 0))
				continue;
			busy = true;
			if (process->in_hand == NOTHING && process->queued > 0)
				begin(process);
			do_reply(process);
			if (process->in_hand != NOTHING)
				finish(process);
			router_done(m.router, id, process->done, m.now_ns);
		}
	}
}

static void
check_tell(const struct message *message)
{
	bool dropped =
		message->cancelled || (message->delayed && message->sender_gone && ends_of(message) == 0);

	if (message->accepted + message->refused == 0)
		ck_assert(message->sender_gone);
	else
		ck_assert_uint_eq(message->accepted + message->refused, 1);
	if (message->committed)
		ck_assert_uint_eq(ends_of(message), 1);
	else
		ck_assert_uint_eq(ends_of(message), message->accepted - (message->accepted && dropped));
}

static void
check_ask(uint32_t id)
{
	const struct message *message = &m.messages[id];

	ck_assert_uint_le(ends_of(message), 1);
	if (message->root != id)
		return; /* its answer is the root's */
	if (message->sender_gone)
		ck_assert_uint_le(message->answered + message->refused, 1);
	else
		ck_assert_uint_eq(message->answered + message->refused, 1);
}

static void
check_all(void)
{
	struct router_counts counts;

	for (uint32_t i = 0; i < m.message_count; i++) {
		if (m.messages[i].ask)
			check_ask(i);
		else
			check_tell(&m.messages[i]);
	}
	for (uint64_t id = 1; id <= m.actors; id++) {
		if (!m.processes[id].exists)
			continue;
		ck_assert_int_eq(router_counts(m.router, id, &counts), TRACTOR_OK);
		ck_assert_uint_eq(counts.waiting + counts.delivered + counts.parked + counts.deferred, 0);
	}
	ck_assert(router_next_ns(m.router) == INT64_MAX);
}

static void
run_schedule(uint64_t seed)
{
	static const struct router_ops ops = {
		.deliver = on_deliver,
		.accept = on_accept,
		.answer = on_answer,
		.dead_letter = on_dead_letter,
		.quarantined = on_quarantined,
	};

	memset(&m, 0, sizeof(m));
	m.seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	m.now_ns = 1;
	m.port = PORT;
	while (router_new(&ops, NULL, &m.router) == TRACTOR_ENOMEM)
		;
	new_port();
	for (int i = 0; i < ACTORS; i++)
		new_actor();
	for (int i = 0; i < ACTIONS; i++)
		act();
	if (seed % 2 == 0) { /* the others are freed as they are */
		drain();
		check_all();
	}
	memset(&m.processes, 0, sizeof(m.processes));
	router_free(m.router);
}

START_TEST(random_schedules)
{
	for (int i = 0; i < SCHEDULES; i++)
		run_schedule((uint64_t)_i * SCHEDULES + (uint64_t)i);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router_schedule");
	TCase *tcase = tcase_create("schedules");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, random_schedules, 0, 40);
	suite_add_tcase(suite, tcase);
	return suite;
}
