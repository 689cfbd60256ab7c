/*
 * router_fake.h: what the files router_*_test.c share: a router, of which a fake writes down every effect as a few words; saw() compares them with what a
 * case expects and begins anew. Random schedules are in router_schedule_test.c.
 */
#ifndef TRACTOR_TESTS_UNIT_ROUTER_FAKE_H
#define TRACTOR_TESTS_UNIT_ROUTER_FAKE_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "router.h"
#include "unit.h"

#define PORT ROUTER_PORT_FIRST
#define MS INT64_C(1000000)
#define LARGE (ROUTER_SHARE_BYTES / 4) /* of a payload: four fill a share */
#define SERVED 77		       /* the message that all actors here understand */
#define NEW 78			       /* one that only those do that say so */

/* --- the fixture --- */

static struct {
	struct router *router;
	int64_t now_ns;
	uint64_t correlation;	 /* of the last send */
	uint32_t incarnation[8]; /* of actors 1 to 7 */
	bool delivering[8];
	uint64_t awaits[8]; /* for whom each says that it waits past the router */
	char log[1 << 16];
	void (*hook)(const char *
			what); /* called from inside every callback with its words; set by the tests of re-entry */
} t;

static inline const char *
error_word(tractor_err err)
{
	return tractor_err_name(err) + strlen("TRACTOR_");
}

__attribute__((format(printf, 1, 2))) static inline void
record(const char *format, ...)
{
	size_t used = strlen(t.log);
	char words[256];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	snprintf(t.log + used, sizeof(t.log) - used, "%s%s", used > 0 ? "; " : "", words);
	if (t.hook != NULL)
		t.hook(words);
}

/* "2", or "p0" for a port. */
static inline const char *
id_word(uint64_t id)
{
	static char words[4][24];
	static unsigned next;
	char *word = words[next++ % 4];

	if (id < PORT)
		snprintf(word, sizeof(words[0]), "%u", (unsigned)id);
	else
		snprintf(word, sizeof(words[0]), "p%u", (unsigned)(id - PORT));
	return word;
}

static inline const char *
text_of(const struct router_message *message)
{
	return message->payload_bytes > 0 ? (const char *)message->payload : "";
}

static inline void
on_deliver(void *arg, uint64_t actor, const struct router_message *message)
{
	(void)arg;
	ck_assert_uint_eq(actor, message->target);
	ck_assert(!t.delivering[actor]); /* else the order of two deliveries was undefined */
	t.delivering[actor] = true;
	record("%s gets #%u %s", id_word(actor), (unsigned)message->sequence, text_of(message));
	t.delivering[actor] = false;
}

static inline void
on_accept(void *arg, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err)
{
	(void)arg;
	(void)incarnation;
	record("%s:%u %s", id_word(sender), (unsigned)correlation, error_word(err));
}

static inline void
on_answer(void *arg, uint64_t asker, uint32_t incarnation, uint64_t correlation, tractor_err err,
	const uint8_t *payload, size_t payload_bytes)
{
	(void)arg;
	(void)incarnation;
	if (payload_bytes > 0)
		record("%s:%u answered %s", id_word(asker), (unsigned)correlation, (const char *)payload);
	else
		record("%s:%u answered %s", id_word(asker), (unsigned)correlation, error_word(err));
}

static inline void
on_dead_letter(void *arg, const struct router_message *message, tractor_err why)
{
	(void)arg;
	record("dead %s %s", text_of(message), error_word(why));
}

static inline void
on_quarantined(void *arg, const struct router_message *message)
{
	(void)arg;
	record("quarantined %s", text_of(message));
}

static inline uint64_t
on_awaits(void *arg, uint64_t actor)
{
	(void)arg;
	return actor < 8 ? t.awaits[actor] : 0;
}

static inline void
in_hand_is(void *arg, const struct router_message *message)
{
	(void)arg;
	record("hand #%u %s (%u)", (unsigned)message->sequence, text_of(message), message->attempts);
}

static inline void
setup(void)
{
	static const struct router_ops ops = {
		.deliver = on_deliver,
		.accept = on_accept,
		.answer = on_answer,
		.dead_letter = on_dead_letter,
		.awaits = on_awaits,
		.quarantined = on_quarantined,
	};

	memset(&t, 0, sizeof(t));
	t.now_ns = 1000 * MS;
	ck_assert_int_eq(router_new(&ops, NULL, &t.router), TRACTOR_OK);
	ck_assert_int_eq(router_add_port(t.router, PORT), TRACTOR_OK);
}

static inline void
teardown(void)
{
	router_free(t.router);
}

/* What happened since the last time. */
static inline void
saw(const char *expected)
{
	ck_assert_str_eq(t.log, expected);
	t.log[0] = '\0';
}

static inline void
forget(void)
{
	t.log[0] = '\0';
}

/* --- short words for what actors do; each send has the next correlation, whoever sends --- */

static inline void
add(uint64_t actor, unsigned mailbox, bool redeliver)
{
	ck_assert_int_eq(router_add(t.router, actor, mailbox, redeliver), TRACTOR_OK);
}

static inline void
up(uint64_t actor)
{
	static const uint64_t served[] = { SERVED, 12, 900, 3 };

	ck_assert_int_eq(router_up(t.router, actor, ++t.incarnation[actor], served, 4), TRACTOR_OK);
}

/* Actors 1 to `count`, all up. */
static inline void
actors(unsigned count, unsigned mailbox)
{
	for (unsigned i = 1; i <= count; i++) {
		add(i, mailbox, false);
		up(i);
	}
}

static inline struct router_send
sending(uint64_t sender, uint64_t target, const char *text, unsigned flags, int64_t limit_ms)
{
	return (struct router_send){
		.sender = sender,
		.incarnation = sender < PORT && sender < 8 ? t.incarnation[sender] : 0,
		.correlation = ++t.correlation,
		.target = target,
		.message = SERVED,
		.flags = (uint16_t)flags,
		.limit_ms = limit_ms,
		.payload = (const uint8_t *)text,
		.payload_bytes = strlen(text) + 1,
	};
}

static inline void
send_within(uint64_t sender, uint64_t target, const char *text, unsigned flags, int64_t limit_ms)
{
	struct router_send send = sending(sender, target, text, flags, limit_ms);

	router_send(t.router, &send, t.now_ns);
}

static inline void
tell(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, 0, -1);
}

/* As the library's senders do: with nothing else to do until there is room. */
static inline void
tell_and_wait(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_WAITING, -1);
}

/* As the library sends what a durable actor's handler has said. */
static inline void
commit_and_wait(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_COMMITTED | TRI_FLAG_WAITING, -1);
}

static inline void
try_tell(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_TRY, -1);
}

static inline void
ask(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_ASK | TRI_FLAG_BLOCKING, -1);
}

static inline void
ask_async(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT, -1);
}

static inline void
tell_after(uint64_t sender, int64_t ms, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_DELAYED, ms);
}

static inline tractor_err
reply(uint64_t actor, uint64_t sequence, const char *text)
{
	return router_reply(t.router, actor, sequence, TRACTOR_OK, (const uint8_t *)text, strlen(text) + 1);
}

static inline tractor_err
forward(uint64_t actor, uint64_t sequence, uint64_t target, const char *text)
{
	struct router_send send = sending(actor, target, text, TRI_FLAG_ASK, -1);

	return router_forward(t.router, sequence, &send, t.now_ns);
}

static inline void
done(uint64_t actor, uint64_t sequence)
{
	router_done(t.router, actor, sequence, t.now_ns);
}

static inline void
down(uint64_t actor, uint64_t done_sequence, uint64_t in_hand)
{
	router_down(t.router, actor, &(struct router_end){ .done = done_sequence, .in_hand = in_hand },
		in_hand_is, NULL);
}

static inline void
pass(int64_t ms)
{
	t.now_ns += ms * MS;
	router_run(t.router, t.now_ns);
}

static inline struct router_counts
counts(uint64_t actor)
{
	struct router_counts counts;

	ck_assert_int_eq(router_counts(t.router, actor, &counts), TRACTOR_OK);
	return counts;
}

/* Nothing is left of anything at this actor. */
static inline void
empty(uint64_t actor)
{
	struct router_counts now = counts(actor);

	ck_assert_uint_eq(now.waiting, 0);
	ck_assert_uint_eq(now.delivered, 0);
	ck_assert_uint_eq(now.parked, 0);
	ck_assert_uint_eq(now.deferred, 0);
}

/* A test case of these. */
#define ROUTER_CASE(suite, name, ...)                                              \
	do {                                                                       \
		TCase *test_case_ = tcase_create(name);                            \
		const TTest *tests_[] = { __VA_ARGS__ };                           \
		tcase_add_checked_fixture(test_case_, setup, teardown);            \
		tcase_set_timeout(test_case_, 20);                                 \
		for (size_t i_ = 0; i_ < sizeof(tests_) / sizeof(tests_[0]); i_++) \
			tcase_add_test(test_case_, tests_[i_]);                    \
		suite_add_tcase(suite, test_case_);                                \
	} while (0)

#endif
