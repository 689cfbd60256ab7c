/*
 * router.c: who there is, and every public entry point; see router_private.h for the map.
 *
 * Owns the parties (actors' slots and ports), the timers, and the memory that is out of use. It must not know what a
 * message says, what a process is, or what time it is. What is asked of somebody who isn't there is not done: a removal may have
 * crossed it. Errors come back through the ops, but for the few that have only one cause.
 */
#include "router_private.h"

#include <stdlib.h>
#include <string.h>

#include "sanitizer.h"

/* A limit longer than this (some 73 years) is as good as none, and can be added to any time without overflow. */
#define LIMIT_MAX_MS (INT64_MAX / 4 / 1000000)
/* None where what is used after it is freed would be seen. */
#define POOL_MAX (TRI_HAS_ADDRESS_SANITIZER ? 0 : 16)

/* --- what the parts need --- */

struct party *
router_party(const struct router *router, uint64_t id)
{
	struct table_entry *entry = table_find(&router->parties, id, 0);

	return entry != NULL ? OWNER(entry, struct party, by_id) : NULL;
}

static struct party *
find_actor(const struct router *router, uint64_t id)
{
	return id < ROUTER_PORT_FIRST ? router_party(router, id) : NULL;
}

tractor_err
router_absence(const struct router *router, uint64_t id)
{
	bool was = id != 0 && id >= router->lowest && id <= router->highest;

	return was ? TRACTOR_ESTOPPED : TRACTOR_ENOACTOR;
}

tractor_err
router_target(const struct router *router, uint64_t id, struct party **ret_target)
{
	struct party *actor = find_actor(router, id);

	if (actor == NULL)
		return router_absence(router, id);
	if (actor->closed != TRACTOR_OK)
		return actor->closed;
	*ret_target = actor;
	return TRACTOR_OK;
}

void
router_discard(struct router *router, struct trash *trash)
{
	trash->next = router->trash;
	router->trash = trash;
}

void *
router_allocate(struct pool *pool, size_t bytes)
{
	struct trash *memory = pool != NULL ? pool->kept : NULL;

	if (memory != NULL) {
		pool->kept = memory->next;
		pool->kept_count--;
	} else {
		memory = malloc(bytes);
	}
	if (memory != NULL)
		*memory = (struct trash){ .pool = pool };
	return memory;
}

static void
let_go_of_memory(struct trash *trash)
{
	struct pool *pool = trash->pool;

	if (pool == NULL || pool->kept_count + 1 > POOL_MAX) {
		free(trash);
		return;
	}
	trash->next = pool->kept;
	pool->kept = trash;
	pool->kept_count++;
}

static void
drain(struct pool *pool)
{
	for (struct trash *trash; (trash = pool->kept) != NULL;) {
		pool->kept = trash->next;
		free(trash);
	}
}

static void
begin(struct router *router)
{
	router->depth++;
}

static void
end(struct router *router)
{
	if (--router->depth > 0)
		return;
	for (struct trash *trash = router->trash, *next; trash != NULL; trash = next) {
		next = trash->next;
		parcel_let_go(trash->parcel);
		let_go_of_memory(trash);
	}
	router->trash = NULL;
}

tractor_err
router_arm(struct router *router, struct deadline *deadline, int64_t due_ns,
	void (*passed)(struct router *, struct deadline *))
{
	tractor_err err = deadline->reserved ? TRACTOR_OK : timers_reserve(&router->timers, 1);

	if (err != TRACTOR_OK)
		return err;
	deadline->reserved = true;
	deadline->passed = passed;
	timers_arm(&router->timers, &deadline->timer, due_ns);
	return TRACTOR_OK;
}

void
router_disarm(struct router *router, struct deadline *deadline)
{
	timers_cancel(&router->timers, &deadline->timer);
	if (deadline->reserved)
		timers_reserve(&router->timers, -1);
	deadline->reserved = false;
}

int64_t
router_due(int64_t now_ns, int64_t limit_ms)
{
	if (limit_ms < 0)
		limit_ms = 0;
	return now_ns + (limit_ms < LIMIT_MAX_MS ? limit_ms : LIMIT_MAX_MS) * 1000000;
}

void
router_tell_accept(
	struct router *router, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err)
{
	if (router->ops.accept != NULL)
		router->ops.accept(router->arg, sender, incarnation, correlation, err);
}

void
router_tell_answer(struct router *router, uint64_t asker, uint32_t incarnation, uint64_t correlation,
	tractor_err err, const uint8_t *payload, size_t payload_bytes)
{
	if (router->ops.answer != NULL)
		router->ops.answer(router->arg, asker, incarnation, correlation, err, payload, payload_bytes);
}

/* --- the router --- */

tractor_err
router_new(const struct router_ops *ops, void *arg, struct router **ret_router)
{
	struct router *router = calloc(1, sizeof(*router));

	if (router == NULL)
		return TRACTOR_ENOMEM;
	router->ops = *ops;
	router->arg = arg;
	link_init(&router->everyone);
	timers_init(&router->timers);
	if (table_init(&router->parties) != TRACTOR_OK || table_init(&router->shares) != TRACTOR_OK ||
		table_init(&router->asks) != TRACTOR_OK || table_init(&router->duties) != TRACTOR_OK) {
		router_free(router);
		return TRACTOR_ENOMEM;
	}
	*ret_router = router;
	return TRACTOR_OK;
}

static void
remove_party(struct router *router, struct party *party)
{
	if (party->id < ROUTER_PORT_FIRST)
		router_remove(router, party->id);
	else
		router_remove_port(router, party->id);
}

void
router_free(struct router *router)
{
	struct party *party;

	if (router == NULL)
		return;
	tri_assert(router->depth == 0);
	memset(&router->ops, 0, sizeof(router->ops)); /* nobody is told any more */
	while ((party = FIRST(&router->everyone, struct party, everyone)) != NULL)
		remove_party(router, party);
	timers_free(&router->timers);
	table_free(&router->parties);
	table_free(&router->shares);
	table_free(&router->asks);
	table_free(&router->duties);
	drain(&router->letter_pool);
	drain(&router->share_pool);
	drain(&router->ask_pool);
	free(router);
}

/* --- who there is --- */

static tractor_err
add_party(struct router *router, uint64_t id, struct party **ret_party)
{
	struct party *party;

	if (router_party(router, id) != NULL)
		return TRACTOR_EEXIST;
	party = calloc(1, sizeof(*party));
	if (party == NULL)
		return TRACTOR_ENOMEM;
	party->id = id;
	link_init(&party->asks);
	link_init(&party->pending);
	link_init(&party->delivered);
	link_init(&party->waiting);
	link_init(&party->adopted);
	link_init(&party->deferred);
	link_init(&party->crowded);
	link_insert(&router->everyone, &party->everyone);
	table_add(&router->parties, &party->by_id, id, 0);
	*ret_party = party;
	return TRACTOR_OK;
}

tractor_err
router_add(struct router *router, uint64_t actor, unsigned mailbox, bool redeliver)
{
	struct party *party;
	tractor_err err =
		actor > 0 && actor < ROUTER_PORT_FIRST ? add_party(router, actor, &party) : TRACTOR_EINVAL;

	if (err != TRACTOR_OK)
		return err;
	party->mailbox = mailbox;
	party->redeliver = redeliver;
	if (router->lowest == 0 || actor < router->lowest)
		router->lowest = actor;
	if (actor > router->highest)
		router->highest = actor;
	return TRACTOR_OK;
}

void
router_change(struct router *router, uint64_t actor, unsigned mailbox, bool redeliver)
{
	struct party *party = find_actor(router, actor);

	if (party == NULL)
		return;
	begin(router);
	party->mailbox = mailbox;
	party->redeliver = redeliver;
	mailbox_resized(router, party);
	end(router);
}

tractor_err
router_add_port(struct router *router, uint64_t port)
{
	struct party *party;

	return port >= ROUTER_PORT_FIRST ? add_party(router, port, &party) : TRACTOR_EINVAL;
}

tractor_err
router_up(struct router *router, uint64_t actor, uint32_t incarnation, const uint64_t *messages, size_t count)
{
	struct party *party = find_actor(router, actor);

	if (party == NULL)
		return router_absence(router, actor);
	tri_assert(!party->up);
	if (count > party->served_room) { /* a restart of the same binary has as many */
		uint64_t *served = reallocarray(party->served, count, sizeof(*served));
		if (served == NULL)
			return TRACTOR_ENOMEM;
		party->served = served;
		party->served_room = count;
	}
	if (count > 0)
		memcpy(party->served, messages, count * sizeof(*messages));
	party->served_count = count;
	begin(router);
	mailbox_up(router, party, incarnation);
	end(router);
	return TRACTOR_OK;
}

void
router_down(struct router *router, uint64_t actor, const struct router_end *how,
	void (*in_hand_is)(void *arg, const struct router_message *message), void *arg)
{
	struct party *party = find_actor(router, actor);
	struct link left;

	if (party == NULL)
		return;
	begin(router);
	letters_disown(router, party, false, &left);
	ends_down(router, party, how, in_hand_is, arg);
	mailbox_admit_left(router, &left);
	end(router);
}

void
router_stopped(struct router *router, uint64_t actor, tractor_err why)
{
	struct party *party = find_actor(router, actor);

	tri_assert(why != TRACTOR_OK);
	if (party == NULL)
		return;
	begin(router);
	ends_close(router, party, why);
	end(router);
}

void
router_expected(struct router *router, uint64_t actor)
{
	struct party *party = find_actor(router, actor);

	if (party != NULL)
		party->closed = TRACTOR_OK;
}

/* It can't be found any more; then what it has is dealt with, and last its memory. */
static void
forget(struct router *router, struct party *party)
{
	link_remove(&party->everyone);
	table_remove(&router->parties, &party->by_id);
	letters_forget_idle(router, party);
	free(party->served);
	party->served = NULL;
	party->served_count = party->served_room = 0;
	router_discard(router, &party->trash);
}

void
router_remove(struct router *router, uint64_t actor)
{
	struct party *party = find_actor(router, actor);
	struct link left;

	if (party == NULL)
		return;
	begin(router);
	forget(router, party);
	letters_disown(router, party, true, &left);
	ends_close(router, party, TRACTOR_ESTOPPED);
	ends_down(router, party, &(struct router_end){ .done = 0 }, NULL, NULL);
	mailbox_admit_left(router, &left);
	end(router);
}

void
router_remove_port(struct router *router, uint64_t port)
{
	struct party *party = port >= ROUTER_PORT_FIRST ? router_party(router, port) : NULL;
	struct link left;

	if (party == NULL)
		return;
	begin(router);
	forget(router, party);
	letters_disown(router, party, true, &left); /* nothing is forwarded by a port */
	end(router);
}

/* --- what moves --- */

void
router_send(struct router *router, const struct router_send *send, int64_t now_ns)
{
	begin(router);
	sending_send(router, send, now_ns);
	end(router);
}

tractor_err
router_forward(struct router *router, uint64_t sequence, const struct router_send *send, int64_t now_ns)
{
	struct party *from = router_party(router, send->sender);
	struct ask *ask = from != NULL ? asks_by_sequence(router, from, sequence) : NULL;

	if (ask == NULL)
		return TRACTOR_EBADMSG;
	begin(router);
	asks_release(router, ask);
	sending_forward(
		router, from, ask, send, now_ns); /* the limit that runs is the ask's, since it was asked */
	end(router);
	return TRACTOR_OK;
}

tractor_err
router_reply(struct router *router, uint64_t actor, uint64_t sequence, tractor_err err,
	const uint8_t *payload, size_t payload_bytes)
{
	const struct party *party = router_party(router, actor);
	struct ask *ask = party != NULL ? asks_by_sequence(router, party, sequence) : NULL;

	if (ask == NULL)
		return TRACTOR_EBADMSG;
	begin(router);
	asks_answer(router, ask, err, payload, payload_bytes);
	end(router);
	return TRACTOR_OK;
}

void
router_done(struct router *router, uint64_t actor, uint64_t done, int64_t now_ns)
{
	struct party *party = find_actor(router, actor);

	(void)now_ns; /* no limit begins here: a parked message's runs since it was sent */
	if (party == NULL)
		return;
	begin(router);
	mailbox_done(router, party, done);
	end(router);
}

void
router_wait(struct router *router, uint64_t actor, uint64_t correlation)
{
	struct party *party = router_party(router, actor);
	struct ask *ask = correlation != 0 ? asks_by_correlation(router, actor, correlation) : NULL;

	if (party == NULL)
		return;
	begin(router);
	party->waits_for = NULL;
	party->waits_with = NULL;
	if (ask != NULL && waits_circular(router, party, ask->holder))
		asks_fail(router, ask, TRACTOR_EDEADLOCK);
	else
		party->waits_for = ask; /* NULL where it is answered already */
	end(router);
}

uint64_t
router_awaited(const struct router *router, uint64_t actor)
{
	const struct party *party = router_party(router, actor);
	const struct party *awaited = party != NULL ? waits_awaited(router, party) : NULL;

	return awaited != NULL ? awaited->id : 0;
}

bool
router_is_crowded(const struct router *router, uint64_t sender, uint64_t actor)
{
	const struct party *party = router_party(router, actor);
	const struct share *share = party != NULL ? letters_share(router, party, sender) : NULL;

	return share != NULL && share->backlog.count > 0;
}

bool
router_waits(const struct router *router, uint64_t actor)
{
	const struct party *party = router_party(router, actor);

	return party != NULL && (party->waits_for != NULL || party->waits_with != NULL);
}

tractor_err
router_cancel(struct router *router, uint64_t sender, uint64_t correlation)
{
	struct party *party = router_party(router, sender);

	if (party == NULL)
		return TRACTOR_EINVAL;
	/* ROUTER_PENDING_MAX delayed ones at most */
	for (struct link *link = party->pending.next; link != &party->pending; link = link->next) {
		struct letter *letter = OWNER(link, struct letter, pending);

		if (letter->place != LETTER_DELAYED || letter->correlation != correlation)
			continue;
		begin(router);
		letters_drop(router, letter);
		end(router);
		return TRACTOR_OK;
	}
	return TRACTOR_EINVAL;
}

tractor_err
router_post(struct router *router, uint64_t actor, enum router_kind kind, uint64_t sender,
	const uint8_t *payload, size_t payload_bytes)
{
	struct party *party;
	tractor_err err = router_target(router, actor, &party);

	tri_assert(kind != ROUTER_MESSAGE);
	if (err != TRACTOR_OK)
		return err;
	begin(router);
	err = sending_post(router, party, kind, sender, payload, payload_bytes);
	end(router);
	return err;
}

tractor_err
router_adopt(struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t in_hand)
{
	begin(router);
	tractor_err err = sending_adopt(router, send, sent_ns, in_hand);
	end(router);
	return err;
}

tractor_err
router_adopt_duty(struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t sequence)
{
	begin(router);
	tractor_err err = sending_adopt_duty(router, send, sent_ns, sequence);
	end(router);
	return err;
}

void
router_run(struct router *router, int64_t now_ns)
{
	struct timer *timer;

	begin(router);
	while ((timer = timers_due(&router->timers, now_ns)) != NULL) {
		struct deadline *deadline = OWNER(timer, struct deadline, timer);

		deadline->passed(router, deadline);
	}
	end(router);
}

int64_t
router_next_ns(const struct router *router)
{
	return timers_next_ns(&router->timers);
}

void
router_shift(struct router *router, int64_t by_ns)
{
	timers_shift(&router->timers, by_ns);
}

/* --- what there is to see --- */

tractor_err
router_counts(const struct router *router, uint64_t actor, struct router_counts *ret_counts)
{
	struct party *party = find_actor(router, actor);

	if (party == NULL)
		return TRACTOR_ENOACTOR;
	*ret_counts = party->counts;
	return TRACTOR_OK;
}
