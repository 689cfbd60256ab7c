/*
 * router_test.c: the router, case by case. A fake writes down every effect as a few words; saw() compares them with what a case expects
 * and begins anew. Random schedules are in router_schedule_test.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "router.h"
#include "unit.h"

#define PORT ROUTER_PORT_FIRST
#define MS INT64_C(1000000)
#define SERVED 77 /* the message that all actors here understand */
#define NEW 78	  /* one that only those do that say so */

/* --- the fixture --- */

static struct {
	struct router *router;
	int64_t now_ns;
	uint64_t correlation;	 /* of the last send */
	uint32_t incarnation[8]; /* of actors 1 to 7 */
	bool delivering[8];
	char log[1 << 16];
	void (*hook)(const char *
			what); /* called from inside every callback with its words; set by the tests of re-entry */
} t;

static const char *
error_word(tractor_err err)
{
	return tractor_err_name(err) + strlen("TRACTOR_");
}

static void __attribute__((format(printf, 1, 2))) record(const char *format, ...)
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
static const char *
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

static const char *
text_of(const struct router_message *message)
{
	return message->payload_bytes > 0 ? (const char *)message->payload : "";
}

static void
on_deliver(void *arg, uint64_t actor, const struct router_message *message)
{
	(void)arg;
	ck_assert_uint_eq(actor, message->target);
	ck_assert(!t.delivering[actor]); /* else the order of two deliveries was undefined */
	t.delivering[actor] = true;
	record("%s gets #%u %s", id_word(actor), (unsigned)message->sequence, text_of(message));
	t.delivering[actor] = false;
}

static void
on_accept(void *arg, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err)
{
	(void)arg;
	(void)incarnation;
	record("%s:%u %s", id_word(sender), (unsigned)correlation, error_word(err));
}

static void
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

static void
on_dead_letter(void *arg, const struct router_message *message, tractor_err why)
{
	(void)arg;
	record("dead %s %s", text_of(message), error_word(why));
}

static void
on_quarantined(void *arg, const struct router_message *message)
{
	(void)arg;
	record("quarantined %s", text_of(message));
}

static void
in_hand_is(void *arg, const struct router_message *message)
{
	(void)arg;
	record("hand #%u %s (%u)", (unsigned)message->sequence, text_of(message), message->attempts);
}

static void
setup(void)
{
	static const struct router_ops ops = {
		.deliver = on_deliver,
		.accept = on_accept,
		.answer = on_answer,
		.dead_letter = on_dead_letter,
		.quarantined = on_quarantined,
	};

	memset(&t, 0, sizeof(t));
	t.now_ns = 1000 * MS;
	ck_assert_int_eq(router_new(&ops, NULL, &t.router), TRACTOR_OK);
	ck_assert_int_eq(router_add_port(t.router, PORT), TRACTOR_OK);
}

static void
teardown(void)
{
	router_free(t.router);
}

/* What happened since the last time. */
static void
saw(const char *expected)
{
	ck_assert_str_eq(t.log, expected);
	t.log[0] = '\0';
}

static void
forget(void)
{
	t.log[0] = '\0';
}

/* --- short words for what actors do; each send has the next correlation, whoever sends --- */

static void
add(uint64_t actor, unsigned mailbox, bool redeliver)
{
	ck_assert_int_eq(router_add(t.router, actor, mailbox, redeliver), TRACTOR_OK);
}

static void
up(uint64_t actor)
{
	static const uint64_t served[] = { SERVED, 12, 900, 3 };

	ck_assert_int_eq(router_up(t.router, actor, ++t.incarnation[actor], served, 4), TRACTOR_OK);
}

/* Actors 1 to `count`, all up. */
static void
actors(unsigned count, unsigned mailbox)
{
	for (unsigned i = 1; i <= count; i++) {
		add(i, mailbox, false);
		up(i);
	}
}

static struct router_send
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

static void
send_within(uint64_t sender, uint64_t target, const char *text, unsigned flags, int64_t limit_ms)
{
	struct router_send send = sending(sender, target, text, flags, limit_ms);

	router_send(t.router, &send, t.now_ns);
}

static void
tell(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, 0, -1);
}

/* As the library's senders do: with nothing else to do until there is room. */
static void
tell_and_wait(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_WAITING, -1);
}

static void
try_tell(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_TRY, -1);
}

static void
ask(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_ASK | TRI_FLAG_BLOCKING, -1);
}

static void
ask_async(uint64_t sender, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT, -1);
}

static void
tell_after(uint64_t sender, int64_t ms, uint64_t target, const char *text)
{
	send_within(sender, target, text, TRI_FLAG_DELAYED, ms);
}

static tractor_err
reply(uint64_t actor, uint64_t sequence, const char *text)
{
	return router_reply(t.router, actor, sequence, TRACTOR_OK, (const uint8_t *)text, strlen(text) + 1);
}

static tractor_err
forward(uint64_t actor, uint64_t sequence, uint64_t target, const char *text)
{
	struct router_send send = sending(actor, target, text, TRI_FLAG_ASK, -1);

	return router_forward(t.router, sequence, &send, t.now_ns);
}

static void
done(uint64_t actor, uint64_t sequence)
{
	router_done(t.router, actor, sequence, t.now_ns);
}

static void
down(uint64_t actor, uint64_t done_sequence, uint64_t in_hand)
{
	router_down(t.router, actor, &(struct router_end){ .done = done_sequence, .in_hand = in_hand },
		in_hand_is, NULL);
}

static void
pass(int64_t ms)
{
	t.now_ns += ms * MS;
	router_run(t.router, t.now_ns);
}

static struct router_counts
counts(uint64_t actor)
{
	struct router_counts counts;

	ck_assert_int_eq(router_counts(t.router, actor, &counts), TRACTOR_OK);
	return counts;
}

/* Nothing is left of anything at this actor. */
static void
empty(uint64_t actor)
{
	struct router_counts now = counts(actor);

	ck_assert_uint_eq(now.waiting, 0);
	ck_assert_uint_eq(now.delivered, 0);
	ck_assert_uint_eq(now.parked, 0);
	ck_assert_uint_eq(now.deferred, 0);
}

/* --- sending --- */

START_TEST(tells_arrive_in_order)
{
	actors(2, 0);
	tell(2, 1, "a");
	tell(2, 1, "b");
	saw("2:1 OK; 1 gets #1 a; 2:2 OK; 1 gets #2 b");
	done(1, 2);
	empty(1);
	ck_assert_uint_eq(counts(1).handled_total, 2);
	ck_assert_uint_eq(counts(1).accepted_total, 2);
	ck_assert_uint_eq(counts(1).sequence, 2);
	saw("");
}
END_TEST

START_TEST(an_ask_gets_one_answer)
{
	actors(2, 0);
	ask(2, 1, "q");
	saw("1 gets #1 q");
	ck_assert_int_eq(reply(1, 1, "yes"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 1, "no"), TRACTOR_EBADMSG);
	done(1, 1);
	ck_assert_int_eq(reply(1, 1, "no"), TRACTOR_EBADMSG);
	saw("2:1 answered yes");
	empty(1);
}
END_TEST

START_TEST(an_async_ask_is_accepted_and_then_answered)
{
	actors(2, 0);
	ask_async(2, 1, "q");
	saw("2:1 OK; 1 gets #1 q");
	ck_assert_int_eq(router_reply(t.router, 1, 1, TRACTOR_EREFUSED, NULL, 0), TRACTOR_OK);
	saw("2:1 answered EREFUSED");
}
END_TEST

START_TEST(what_comes_before_up_waits)
{
	add(1, 0, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	saw("p0:1 OK");
	up(1);
	saw("1 gets #1 a; 1 gets #2 q");
}
END_TEST

/* The same reason is told as accept to tells and async asks, as answer to asks. */
static void
refused(uint64_t target, const char *why)
{
	char expected[128];
	unsigned first = (unsigned)t.correlation + 1;

	tell(PORT, target, "a");
	try_tell(PORT, target, "a");
	ask_async(PORT, target, "q");
	ask(PORT, target, "q");
	tell_after(PORT, 5, target, "a");
	snprintf(expected, sizeof(expected), "p0:%u %s; p0:%u %s; p0:%u %s; p0:%u answered %s; p0:%u %s",
		first, why, first + 1, why, first + 2, why, first + 3, why, first + 4, why);
	saw(expected);
}

START_TEST(who_cannot_be_sent_to)
{
	actors(3, 0);
	refused(4, "ENOACTOR");
	refused(0, "ENOACTOR");
	refused(PORT, "ENOACTOR");
	refused(PORT + 1, "ENOACTOR");
	router_remove(t.router, 2);
	refused(2, "ESTOPPED");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	router_stopped(t.router, 1, TRACTOR_ESTART);
	refused(1, "ESTOPPED");
	router_stopped(t.router, 3, TRACTOR_ESTART);
	refused(3, "ESTART");
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
}
END_TEST

START_TEST(what_cannot_be_sent)
{
	struct router_send send;

	actors(1, 0);
	send = sending(PORT, 1, "a", 0, -1);
	send.message = NEW;
	router_send(t.router, &send, t.now_ns);
	saw("p0:1 EPROTOCOL");
	send = sending(PORT, 1, "a", 0, -1);
	send.target_node = 1;
	router_send(t.router, &send, t.now_ns);
	saw("p0:2 EUNREACHABLE");
	send = sending(PORT, 1, "a", 0, -1);
	send.payload_bytes = TRI_PAYLOAD_MAX + 1;
	router_send(t.router, &send, t.now_ns);
	saw("p0:3 EBADMSG");
	send_within(PORT, 1, "q", TRI_FLAG_ASK | TRI_FLAG_DELAYED, 5);
	saw("p0:4 answered EINVAL");
	tell(PORT + 5, 1, "who am I?");
	saw("p5:5 ESTOPPED");
	empty(1);
}
END_TEST

START_TEST(a_frame_of_a_replaced_process_is_dropped)
{
	struct router_send send;

	actors(2, 0);
	down(2, 0, 0);
	up(2);
	send = sending(2, 1, "late", TRI_FLAG_ASK, -1);
	send.incarnation = 1;
	router_send(t.router, &send, t.now_ns);
	saw("");
}
END_TEST

START_TEST(ids_are_checked)
{
	struct router_counts none;

	add(3, 0, false);
	add(5, 0, false);
	ck_assert_int_eq(router_add(t.router, 5, 0, false), TRACTOR_EEXIST);
	ck_assert_int_eq(router_add(t.router, 0, 0, false), TRACTOR_EINVAL);
	ck_assert_int_eq(router_add(t.router, PORT + 1, 0, false), TRACTOR_EINVAL);
	ck_assert_int_eq(router_add_port(t.router, PORT), TRACTOR_EEXIST);
	ck_assert_int_eq(router_add_port(t.router, 3), TRACTOR_EINVAL);
	ck_assert_int_eq(router_up(t.router, 6, 1, NULL, 0), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_up(t.router, 4, 1, NULL, 0), TRACTOR_ESTOPPED);
	ck_assert_int_eq(router_up(t.router, 2, 1, NULL, 0), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_counts(t.router, 4, &none), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_counts(t.router, PORT, &none), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_post(t.router, 6, ROUTER_DOWN, NULL, 0), TRACTOR_ENOACTOR);
	/* and what is asked of nobody is not done */
	down(4, 1, 1);
	done(4, 1);
	router_stopped(t.router, 4, TRACTOR_ESTOPPED);
	router_expected(t.router, 4);
	router_remove(t.router, PORT);
	router_remove_port(t.router, 5);
	router_wait(t.router, 4, 1);
	ck_assert_int_eq(router_cancel(t.router, 4, 1), TRACTOR_EINVAL);
	ck_assert_int_eq(reply(4, 1, ""), TRACTOR_EBADMSG);
	ck_assert_int_eq(forward(4, 1, 5, ""), TRACTOR_EBADMSG);
	tell(PORT, 5, "a");
	saw("p0:2 OK");
}
END_TEST

/* --- bounds --- */

START_TEST(a_full_share)
{
	actors(2, 2);
	tell(2, 1, "a");
	tell(2, 1, "b");
	forget();
	try_tell(2, 1, "c");
	send_within(2, 1, "q", TRI_FLAG_ASK | TRI_FLAG_TRY | TRI_FLAG_WANT_ACCEPT, -1);
	send_within(2, 1, "q", TRI_FLAG_ASK | TRI_FLAG_TRY, -1);
	saw("2:3 EFULL; 2:4 EFULL; 2:5 answered EFULL");
	tell(2, 1, "d");
	ask(2, 1, "e");
	ask_async(2, 1, "f");
	saw("");
	ck_assert_uint_eq(counts(1).parked, 3);
	done(1, 1);
	saw("2:6 OK; 1 gets #3 d");
	done(1, 3);
	saw("1 gets #4 e; 2:8 OK; 1 gets #5 f");
	ck_assert_uint_eq(counts(1).parked, 0);
	done(1, 5);
	ck_assert_uint_eq(counts(1).deferred, 2);
	try_tell(2, 1, "g"); /* deferred asks take no room */
	saw("2:9 OK; 1 gets #6 g");
}
END_TEST

START_TEST(another_bound_lets_in_who_has_room_now)
{
	actors(3, 1);
	for (int i = 0; i < 3; i++) {
		tell(2, 1, "a");
		tell(3, 1, "b");
	}
	forget();
	router_change(t.router, 1, 2, false);
	saw("2:3 OK; 1 gets #3 a; 3:4 OK; 1 gets #4 b");
	ck_assert_uint_eq(counts(1).parked, 2);
	router_change(t.router, 1, 1, false); /* who is in stays in */
	done(1, 1);
	saw("");
	router_change(t.router, 1, 0, true);
	saw("2:5 OK; 1 gets #5 a; 3:6 OK; 1 gets #6 b");
	router_change(t.router, 7, 1, false); /* nobody's */
	saw("");
}
END_TEST

START_TEST(a_flooder_fills_only_its_own_share)
{
	actors(3, 4);
	for (int i = 0; i < 50; i++)
		tell(2, 1, "flood");
	forget();
	ck_assert_uint_eq(counts(1).parked, 46);
	try_tell(3, 1, "a");
	try_tell(PORT, 1, "b");
	saw("3:51 OK; 1 gets #5 a; p0:52 OK; 1 gets #6 b");
	try_tell(2, 3, "elsewhere");
	saw("2:53 OK; 3 gets #1 elsewhere");
}
END_TEST

/* Four times 16 MiB is the share. Here one byte of it is free, and a try that needs no more doesn't overtake a large one. */
START_TEST(a_share_in_bytes)
{
	static uint8_t large[TRI_PAYLOAD_MAX] = "large";
	struct router_send send;

	actors(2, 0);
	for (int i = 0; i < 5; i++) {
		send = sending(2, 1, "", 0, -1);
		send.payload = large;
		send.payload_bytes = sizeof(large) - (i == 0);
		router_send(t.router, &send, t.now_ns);
	}
	saw("2:1 OK; 1 gets #1 large; 2:2 OK; 1 gets #2 large; 2:3 OK; 1 gets #3 large; 2:4 OK; 1 gets #4 "
	    "large");
	try_tell(2, 1, "");
	saw("2:6 EFULL");
	try_tell(PORT, 1, "x");
	saw("p0:7 OK; 1 gets #5 x");
	done(1, 1);
	saw("2:5 OK; 1 gets #6 large");
}
END_TEST

START_TEST(parked_ones_time_out)
{
	actors(2, 1);
	tell(2, 1, "a");
	send_within(2, 1, "b", 0, 10);
	send_within(2, 1, "q", TRI_FLAG_ASK, 20);
	send_within(2, 1, "r", TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT, 30);
	tell(2, 1, "c");
	forget();
	ck_assert_int_eq(router_next_ns(t.router), t.now_ns + 10 * MS);
	pass(9);
	saw("");
	pass(1);
	saw("2:2 ETIMEDOUT");
	pass(10);
	saw("2:3 answered ETIMEDOUT");
	pass(10);
	saw("2:4 ETIMEDOUT"); /* it was never accepted, so there is no answer */
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
	done(1, 1);
	saw("2:5 OK; 1 gets #2 c");
	pass(1000);
	saw("");
}
END_TEST

/* The first in line is too large for what is free; when it gives up the next one, which fits, is let in. */
START_TEST(a_parked_one_that_gives_up_lets_the_next_in)
{
	static uint8_t large[TRI_PAYLOAD_MAX] = "large";
	struct router_send send;

	actors(2, 0);
	for (int i = 0; i < 5; i++) {
		send = sending(2, 1, "", 0, 10);
		send.payload = large;
		send.payload_bytes = sizeof(large) - (i == 0 ? 100 : 0);
		router_send(t.router, &send, t.now_ns);
	}
	tell(2, 1, "small");
	forget();
	pass(10);
	saw("2:5 ETIMEDOUT; 2:6 OK; 1 gets #5 small");
}
END_TEST

START_TEST(parking_is_bounded_too)
{
	actors(3, 1);
	tell(2, 1, "a");
	for (int i = 0; i < ROUTER_PENDING_MAX; i++)
		tell(2, 1, "b");
	saw("2:1 OK; 1 gets #1 a");
	tell(2, 1, "c");
	saw("2:1026 EFULL");
	done(1, 1);
	saw("2:2 OK; 1 gets #2 b");
	tell(2, 1, "c");
	saw("");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	forget();
	ck_assert_uint_eq(counts(1).parked, 0);
}
END_TEST

START_TEST(a_window_of_deliveries)
{
	add(1, 0, false);
	for (int i = 0; i < 3 * TRI_WINDOW; i++)
		tell(PORT, 1, "");
	up(1);
	ck_assert_uint_eq(counts(1).delivered, TRI_WINDOW);
	ck_assert_uint_eq(counts(1).waiting, 3 * TRI_WINDOW);
	ck_assert_uint_eq(counts(1).sequence, TRI_WINDOW);
	done(1, 5);
	ck_assert_uint_eq(counts(1).delivered, TRI_WINDOW);
	ck_assert_uint_eq(counts(1).waiting, 3 * TRI_WINDOW - 5);
	ck_assert_uint_eq(counts(1).sequence, TRI_WINDOW + 5);
	down(1, 5, 6);
	ck_assert_uint_eq(counts(1).delivered, 0);
	ck_assert_uint_eq(counts(1).waiting, 3 * TRI_WINDOW - 6);
	up(1);
	ck_assert_uint_eq(counts(1).delivered, TRI_WINDOW);
	ck_assert_uint_eq(counts(1).sequence, 2 * TRI_WINDOW + 5);
}
END_TEST

/* --- limits of asks --- */

START_TEST(a_limit_covers_parking_waiting_and_handling)
{
	add(1, 1, false);
	tell(PORT, 1, "a");
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 30);
	pass(10);
	up(1);
	pass(10);
	done(1, 1);
	saw("p0:1 OK; 1 gets #1 a; 1 gets #2 q");
	pass(9);
	saw("");
	pass(1);
	saw("p0:2 answered ETIMEDOUT");
}
END_TEST

START_TEST(a_waiting_ask_that_times_out_is_withdrawn)
{
	add(1, 1, false);
	send_within(PORT, 1, "q", TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT, 5);
	tell(PORT, 1, "a");
	pass(5);
	saw("p0:1 OK; p0:1 answered ETIMEDOUT; p0:2 OK");
	up(1);
	saw("1 gets #1 a");
}
END_TEST

START_TEST(a_late_answer_is_swallowed_once)
{
	actors(1, 0);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	send_within(PORT, 1, "r", TRI_FLAG_ASK, 5);
	send_within(PORT, 1, "s", TRI_FLAG_ASK, 5);
	done(1, 2); /* r is deferred now, q too */
	forget();
	pass(5);
	saw("p0:1 answered ETIMEDOUT; p0:2 answered ETIMEDOUT; p0:3 answered ETIMEDOUT");
	ck_assert_int_eq(reply(1, 2, "late"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 2, "late"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(1, 3, "late"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 1, 1, "late"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 1, 1, "late"), TRACTOR_EBADMSG);
	done(1, 3);
	saw("");
	empty(1);
}
END_TEST

START_TEST(an_answer_in_time_stops_the_clock)
{
	actors(1, 0);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	reply(1, 1, "yes");
	saw("1 gets #1 q; p0:1 answered yes");
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, INT64_MAX); /* no overflow */
	ck_assert_int_gt(router_next_ns(t.router), t.now_ns);
	pass(1000000);
	saw("1 gets #2 q");
}
END_TEST

START_TEST(time_that_was_stopped_is_given_back)
{
	add(1, 0, false);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	tell_after(PORT, 7, 1, "a");
	t.now_ns += 3600000 * MS;
	router_shift(t.router, 3600000 * MS);
	ck_assert_int_eq(router_next_ns(t.router), t.now_ns + 5 * MS);
	pass(4);
	saw("p0:2 OK");
	pass(1);
	saw("p0:1 answered ETIMEDOUT");
	pass(2);
	up(1);
	saw("1 gets #1 a");
}
END_TEST

/* --- what an actor may say --- */

START_TEST(hostile_done)
{
	actors(1, 0);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	done(1, 0);
	ck_assert_uint_eq(counts(1).waiting, 2);
	done(1, UINT64_MAX); /* no more than it was given */
	ck_assert_uint_eq(counts(1).waiting, 0);
	tell(PORT, 1, "c");
	done(1, 1); /* not backwards, and c is not done */
	ck_assert_uint_eq(counts(1).waiting, 1);
	forget();
	down(1, UINT64_MAX, 3); /* then nothing can be in hand */
	saw("");
	done(1, 99); /* not up */
	tell(PORT, 1, "d");
	up(1);
	done(1, 3);
	ck_assert_uint_eq(counts(1).waiting, 1);
	down(1, 0, 99);
	saw("p0:4 OK; 1 gets #4 d");
	up(1);
	saw("1 gets #5 d");
}
END_TEST

START_TEST(hostile_done_does_not_reach_what_it_makes_room_for)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	forget();
	done(1, UINT64_MAX);
	saw("p0:2 OK; 1 gets #2 b");
	ck_assert_uint_eq(counts(1).waiting, 1);
}
END_TEST

START_TEST(hostile_replies_and_forwards)
{
	actors(2, 0);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	forget();
	for (uint64_t sequence = 0; sequence < 5; sequence++) {
		if (sequence != 2) /* the ask */
			ck_assert_int_eq(reply(1, sequence, "x"), TRACTOR_EBADMSG);
		if (sequence != 2)
			ck_assert_int_eq(forward(1, sequence, 2, "x"), TRACTOR_EBADMSG);
		ck_assert_int_eq(reply(2, sequence, "x"), TRACTOR_EBADMSG);
		ck_assert_int_eq(forward(2, sequence, 1, "x"), TRACTOR_EBADMSG);
	}
	ck_assert_int_eq(reply(1, UINT64_MAX, "x"), TRACTOR_EBADMSG);
	saw("");
	down(1, 0, 0);
	ck_assert_int_eq(reply(1, 2, "x"), TRACTOR_EBADMSG); /* it isn't in this process's hands */
	up(1);
	ck_assert_int_eq(reply(1, 2, "x"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(1, 4, "yes"), TRACTOR_OK);
	saw("1 gets #3 a; 1 gets #4 q; p0:2 answered yes");
}
END_TEST

/* --- crashes --- */

START_TEST(crash_before_delivery)
{
	add(1, 0, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	down(1, 0, 0);
	saw("p0:1 OK");
	up(1);
	saw("1 gets #1 a; 1 gets #2 q");
}
END_TEST

START_TEST(crash_before_it_was_begun)
{
	actors(1, 0);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	tell(PORT, 1, "b");
	forget();
	down(1, 0, 0);
	ck_assert_uint_eq(counts(1).delivered, 0);
	tell(PORT, 1, "c");
	up(1);
	saw("p0:4 OK; 1 gets #4 a; 1 gets #5 q; 1 gets #6 b; 1 gets #7 c");
}
END_TEST

START_TEST(crash_with_a_tell_in_hand)
{
	actors(1, 0);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "c");
	forget();
	down(1, 1, 2);
	saw("hand #2 b (1); dead b ECRASHED");
	ck_assert_uint_eq(counts(1).dead_letter_total, 1);
	ck_assert_uint_eq(counts(1).handled_total, 1);
	up(1);
	saw("1 gets #4 c");
}
END_TEST

START_TEST(crash_with_an_ask_in_hand)
{
	actors(1, 0);
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	forget();
	down(1, 0, 1);
	saw("hand #1 p (1); p0:1 answered ECRASHED; dead p ECRASHED");
	up(1);
	saw("1 gets #3 q");
	ck_assert_int_eq(reply(1, 3, "yes"), TRACTOR_OK);
	saw("p0:2 answered yes");
}
END_TEST

START_TEST(crash_after_asks_were_handled_without_an_answer)
{
	actors(1, 0);
	ask(PORT, 1, "deferred");
	ask(PORT, 1, "done");
	ask(PORT, 1, "answered");
	done(1, 1);
	reply(1, 3, "yes");
	ck_assert_uint_eq(counts(1).deferred, 1);
	forget();
	down(1, 3, 0); /* of the last two done() had not been heard yet */
	saw("p0:1 answered ECRASHED; p0:2 answered ECRASHED");
	empty(1);
	up(1);
	saw("");
}
END_TEST

START_TEST(redelivery_begins_with_what_was_in_hand)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	tell(PORT, 1, "b");
	forget();
	down(1, 1, 2);
	saw("hand #2 q (1)");
	tell(PORT, 1, "c");
	up(1);
	saw("p0:4 OK; 1 gets #4 q; 1 gets #5 b; 1 gets #6 c");
	ck_assert_int_eq(reply(1, 2, "old"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(1, 4, "yes"), TRACTOR_OK);
	saw("p0:2 answered yes");
}
END_TEST

START_TEST(in_hand_at_two_crashes_is_quarantined)
{
	add(1, 0, true);
	up(1);
	ask(PORT, 1, "q");
	tell(PORT, 1, "a");
	down(1, 0, 1);
	up(1);
	down(1, 2, 0); /* dies without having begun it: nobody's fault */
	up(1);
	forget();
	down(1, 4, 5);
	saw("hand #5 q (2); p0:1 answered ECRASHED; quarantined q");
	ck_assert_uint_eq(counts(1).quarantined_total, 1);
	ck_assert_uint_eq(counts(1).dead_letter_total, 0);
	up(1);
	saw("1 gets #7 a");
}
END_TEST

START_TEST(another_message_of_the_same_bytes_is_the_same_suspect)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "poison");
	down(1, 0, 1);
	up(1);
	down(1, 1, 2);
	forget();
	tell(PORT, 1, "poison");
	up(1);
	down(1, 2, 3);
	saw("p0:2 OK; 1 gets #3 poison; hand #3 poison (1); quarantined poison");
}
END_TEST

START_TEST(a_suspect_that_is_handled_is_innocent)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	down(1, 0, 1);
	up(1);
	done(1, 2);
	tell(PORT, 1, "a");
	forget();
	down(1, 2, 3);
	saw("hand #3 a (1)");
	up(1);
	saw("1 gets #4 a");
}
END_TEST

/* A second handler would answer again, which is a violation; so what has been answered or passed on is not repeated. */
START_TEST(what_is_answered_is_not_redelivered)
{
	add(1, 0, true);
	add(2, 0, true);
	up(1);
	up(2);
	ask(PORT, 1, "forwarded");
	ask(PORT, 1, "answered");
	ask(PORT, 1, "late");
	send_within(PORT, 1, "timed out", TRI_FLAG_ASK, 5);
	tell(PORT, 1, "a");
	forward(1, 1, 2, "f");
	reply(1, 2, "yes");
	pass(5);
	forget();
	down(1, 0, 1);
	saw("hand #1 forwarded (1); dead forwarded ECRASHED");
	up(1);
	saw("1 gets #6 late; 1 gets #7 a");
	reply(2, 1, "far");
	saw("p0:1 answered far");
}
END_TEST

START_TEST(a_death_makes_room)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "c");
	forget();
	down(1, 0, 1);
	saw("hand #1 a (1); dead a ECRASHED; p0:2 OK");
	down(1, 0, 0); /* a start that failed */
	saw("");
	up(1);
	saw("1 gets #2 b");
}
END_TEST

START_TEST(down_messages_are_outside_any_share)
{
	uint8_t news[] = "news";

	add(1, 1, true);
	tell(PORT, 1, "a");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_DOWN, news, sizeof(news)), TRACTOR_OK);
	try_tell(PORT, 1, "b");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_DOWN, news, sizeof(news)), TRACTOR_OK);
	saw("p0:1 OK; p0:2 EFULL");
	ck_assert_int_eq(router_up(t.router, 1, 1, NULL, 0), TRACTOR_OK);
	saw("dead a EPROTOCOL; 1 gets #1 news; 1 gets #2 news");
	down(1, 0, 1); /* neither is for the successor, which has not asked for it */
	saw("hand #1 news (1); dead news ECRASHED");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_DOWN, news, sizeof(news)), TRACTOR_ESTOPPED);
}
END_TEST

START_TEST(a_dead_sender)
{
	actors(2, 1);
	tell(2, 1, "accepted");
	tell(2, 1, "parked");
	ask(2, 1, "parked too");
	tell_after(2, 5, 1, "delayed");
	forget();
	ck_assert_uint_eq(counts(1).parked, 2);
	down(2, 0, 0);
	ck_assert_uint_eq(counts(1).parked, 0);
	pass(10);
	done(1, 1);
	saw("");
	empty(1);
}
END_TEST

START_TEST(a_dead_asker)
{
	actors(3, 0);
	send_within(2, 1, "p", TRI_FLAG_ASK, 10);
	send_within(2, 1, "q", TRI_FLAG_ASK, 10);
	send_within(2, 1, "r", TRI_FLAG_ASK, 10);
	send_within(2, 1, "s", TRI_FLAG_ASK, 10);
	done(1, 1);
	forget();
	down(2, 0, 0);
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
	up(2);
	ck_assert_int_eq(reply(1, 1, "yes"), TRACTOR_OK); /* deferred */
	ck_assert_int_eq(reply(1, 2, "yes"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 3, 3, "f"), TRACTOR_OK); /* it is handled all the same */
	saw("3 gets #1 f");
	ck_assert_int_eq(reply(3, 1, "yes"), TRACTOR_OK);
	down(1, 3, 0);
	up(1);
	saw("1 gets #5 s");
	down(1, 3, 5);
	saw("hand #5 s (1); dead s ECRASHED");
	empty(1);
}
END_TEST

START_TEST(a_port_that_goes)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "parked");
	ask(PORT, 1, "q");
	tell_after(PORT, 5, 1, "delayed");
	ck_assert_int_eq(router_add_port(t.router, PORT + 1), TRACTOR_OK);
	send_within(PORT + 1, 1, "r", TRI_FLAG_ASK, 5);
	forget();
	router_remove_port(t.router, PORT);
	router_remove_port(t.router, PORT + 1);
	pass(5);
	done(1, 2);
	ck_assert_int_eq(reply(1, 2, "nobody"), TRACTOR_OK);
	saw("");
	empty(1);
}
END_TEST

/* --- forwarding --- */

START_TEST(forward_moves_the_duty)
{
	actors(3, 0);
	ask(PORT, 1, "q");
	ck_assert_int_eq(forward(1, 1, 2, "r"), TRACTOR_OK);
	done(1, 1);
	empty(1);
	ck_assert_int_eq(forward(2, 1, 3, "s"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 1, "x"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(2, 1, "x"), TRACTOR_EBADMSG);
	done(3, 1); /* deferred there */
	ck_assert_int_eq(forward(3, 1, 1, "t"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 2, "yes"), TRACTOR_OK);
	saw("1 gets #1 q; 2 gets #1 r; 3 gets #1 s; 1 gets #2 t; p0:1 answered yes");
	empty(3);
}
END_TEST

START_TEST(forward_that_fails_is_the_askers_affair)
{
	struct router_send send;

	actors(3, 0);
	router_remove(t.router, 3);
	for (int i = 0; i < 5; i++)
		ask(PORT, 1, "q");
	forget();
	ck_assert_int_eq(forward(1, 1, 3, "r"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 2, 4, "r"), TRACTOR_OK);
	send = sending(1, 2, "r", TRI_FLAG_ASK, -1);
	send.message = NEW;
	ck_assert_int_eq(router_forward(t.router, 3, &send, t.now_ns), TRACTOR_OK);
	saw("p0:1 answered ESTOPPED; p0:2 answered ENOACTOR; p0:3 answered EPROTOCOL");
	ck_assert_int_eq(forward(1, 4, 2, "r"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 5, 2, "s"), TRACTOR_OK);
	forget();
	down(2, 0, 1);
	saw("hand #1 r (1); p0:4 answered ECRASHED; dead r ECRASHED");
	router_stopped(t.router, 2, TRACTOR_ESTOPPED);
	saw("p0:5 answered ESTOPPED");
	done(1, 5);
	empty(1);
}
END_TEST

/* A forwarded ask stands in line with what else its forwarder sends there, but doesn't die with it. */
START_TEST(a_forwarded_ask_that_is_parked)
{
	actors(2, 1);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 50);
	tell(1, 2, "a");
	tell(1, 2, "b");
	forward(1, 1, 2, "r");
	tell(1, 2, "c");
	forget();
	ck_assert_uint_eq(counts(2).parked, 3);
	down(1, 1, 0);
	ck_assert_uint_eq(counts(2).parked, 1);
	done(2, 1);
	saw("2 gets #2 r");
	pass(50);
	saw("p0:1 answered ETIMEDOUT");
}
END_TEST

START_TEST(a_parked_forward_can_be_first_in_line_after_its_forwarders_death)
{
	static uint8_t large[TRI_PAYLOAD_MAX] = "large";
	struct router_send send;

	actors(2, 0);
	ask(PORT, 1, "q");
	for (int i = 0; i < 5; i++) {
		send = sending(1, 2, "", 0, -1);
		send.payload = large;
		send.payload_bytes = sizeof(large) - (i == 0 ? 100 : 0);
		router_send(t.router, &send, t.now_ns);
	}
	forward(1, 1, 2, "r");
	forget();
	down(1, 1, 0);
	saw("2 gets #5 r");
	reply(2, 5, "yes");
	saw("p0:1 answered yes");
}
END_TEST

START_TEST(a_parked_forward_times_out_or_stops_with_its_target)
{
	actors(2, 1);
	send_within(PORT, 1, "p", TRI_FLAG_ASK, 5);
	tell(1, 2, "a");
	forward(1, 1, 2, "r");
	done(1, 1);
	ask(PORT, 1, "q");
	forward(1, 2, 2, "s");
	forget();
	pass(5);
	saw("p0:1 answered ETIMEDOUT");
	router_stopped(t.router, 2, TRACTOR_ESTOPPED);
	saw("p0:4 answered ESTOPPED");
	ck_assert_uint_eq(counts(2).parked, 0);
}
END_TEST

/* --- circles --- */

START_TEST(circles_of_one_two_and_three)
{
	actors(3, 0);
	ask(1, 1, "to myself");
	saw("1:1 answered EDEADLOCK");
	ask(1, 2, "p");
	ask(2, 1, "back");
	saw("2 gets #1 p; 2:3 answered EDEADLOCK");
	ask(2, 3, "q");
	ask(3, 1, "round");
	saw("3 gets #1 q; 3:5 answered EDEADLOCK");
	send_within(3, 1, "round", TRI_FLAG_ASK | TRI_FLAG_BLOCKING | TRI_FLAG_WANT_ACCEPT, -1);
	saw("3:6 EDEADLOCK");
	reply(3, 1, "yes");
	ask(3, 1, "now it may");
	saw("2:4 answered yes; 1 gets #1 now it may");
	ask(2, 3, "not now");
	saw("2:8 answered EDEADLOCK");
}
END_TEST

START_TEST(async_asks_make_no_circle_until_waited_for)
{
	actors(2, 0);
	ask_async(1, 2, "p");
	ask_async(2, 1, "q");
	ask_async(1, 1, "r");
	saw("1:1 OK; 2 gets #1 p; 2:2 OK; 1 gets #1 q; 1:3 OK; 1 gets #2 r");
	router_wait(t.router, 1, 1);
	router_wait(t.router, 2, 2);
	saw("2:2 answered EDEADLOCK");
	router_wait(t.router, 2, 2);
	router_wait(t.router, 2, 99);
	reply(2, 1, "yes");
	saw("1:1 answered yes");
	ck_assert_int_eq(reply(1, 1, "late"), TRACTOR_OK);
	router_wait(t.router, 1, 3);
	saw("1:3 answered EDEADLOCK");
	saw("");
}
END_TEST

START_TEST(who_waits_no_more_closes_no_circle)
{
	actors(2, 0);
	ask(1, 2, "p");
	router_wait(t.router, 1, 0);
	ask(2, 1, "q");
	saw("2 gets #1 p; 1 gets #1 q");
	reply(1, 1, "yes");
	send_within(1, 2, "r", TRI_FLAG_ASK | TRI_FLAG_BLOCKING, 5);
	forget();
	pass(5); /* 1 has its answer, so it is free */
	ask(2, 1, "s");
	saw("1:3 answered ETIMEDOUT; 1 gets #2 s");
	down(2, 0, 0); /* 2 waits no more */
	forget();
	ask(1, 2, "t");
	up(2);
	saw("2 gets #3 p; 2 gets #4 t");
}
END_TEST

START_TEST(waiting_for_another_ends_waiting_for_the_first)
{
	actors(2, 0);
	ask_async(1, 2, "p");
	ask_async(1, 1, "q");
	router_wait(t.router, 1, 1);
	forget();
	router_wait(t.router, 1, 2);
	ask(2, 1, "r");
	saw("1:2 answered EDEADLOCK; 1 gets #2 r");
}
END_TEST

START_TEST(a_parked_tell_and_an_ask_make_a_circle)
{
	actors(3, 1);
	tell_and_wait(1, 2, "a");
	tell_and_wait(1, 2, "b");
	ask(2, 3, "p");
	saw("1:1 OK; 2 gets #1 a; 3 gets #1 p");
	ask(3, 1, "q");
	saw("3:4 answered EDEADLOCK");
	done(2, 1); /* room: 1 goes on, and may be asked */
	ask(3, 1, "q");
	saw("1:2 OK; 2 gets #2 b; 1 gets #1 q");
}
END_TEST

START_TEST(two_full_mailboxes_make_a_circle)
{
	actors(2, 1);
	tell_and_wait(1, 2, "a");
	tell_and_wait(2, 1, "b");
	tell_and_wait(1, 2, "c");
	forget();
	tell_and_wait(2, 1, "d");
	saw("2:4 EDEADLOCK");
	try_tell(2, 1, "e");
	saw("2:5 EFULL");
	down(1, 0, 0); /* who waited is gone, and what it had parked */
	tell_and_wait(2, 1, "f");
	up(1);
	done(1, 2);
	saw("1 gets #2 b; 2:6 OK; 1 gets #3 f");
	ck_assert_uint_eq(counts(2).parked, 0);
}
END_TEST

START_TEST(a_full_mailbox_of_ones_own_is_a_circle)
{
	actors(1, 1);
	tell_and_wait(1, 1, "a");
	tell_and_wait(1, 1, "b");
	send_within(1, 1, "p", TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT | TRI_FLAG_WAITING, -1);
	saw("1:1 OK; 1 gets #1 a; 1:2 EDEADLOCK; 1:3 EDEADLOCK");
}
END_TEST

START_TEST(who_parks_and_does_not_wait_closes_no_circle)
{
	actors(2, 1);
	tell(1, 2, "a");
	tell(1, 2, "b");
	forget();
	ask(2, 1, "q");
	saw("1 gets #1 q");
}
END_TEST

START_TEST(circles_through_deferred_asks)
{
	actors(2, 0);
	ask(1, 2, "p");
	done(2, 1);
	ask(2, 1, "q");
	saw("2 gets #1 p; 2:2 answered EDEADLOCK");
	reply(2, 1, "yes");
	ask(2, 1, "q");
	saw("1:1 answered yes; 1 gets #1 q");
}
END_TEST

START_TEST(circles_through_forwarded_asks)
{
	actors(3, 0);
	ask(1, 2, "p");
	forget();
	forward(2, 1, 1, "back to you");
	saw("1:1 answered EDEADLOCK");
	ask(1, 2, "q");
	forward(2, 2, 3, "f");
	forget();
	ask(2, 1, "2 is out of it");
	ask(3, 2, "3 waits for 2, who waits for 1, who waits for 3");
	saw("1 gets #1 2 is out of it; 3:6 answered EDEADLOCK");
	ask_async(1, 2, "r");
	forget();
	forward(2, 3, 1, "not waited for");
	saw("1 gets #2 not waited for");
}
END_TEST

START_TEST(a_forward_to_one_who_waits_for_the_asker)
{
	actors(3, 0);
	ask(1, 2, "p");
	ask(3, 1, "q");
	forget();
	forward(2, 1, 3, "f");
	saw("1:1 answered EDEADLOCK");
	ck_assert_int_eq(reply(1, 1, "free again"), TRACTOR_OK);
	saw("3:2 answered free again");
}
END_TEST

START_TEST(parked_asks_are_waited_for_too)
{
	actors(2, 1);
	tell(1, 2, "a");
	ask(1, 2, "p");
	forget();
	ask(2, 1, "q");
	saw("2:3 answered EDEADLOCK");
	send_within(2, 1, "r", TRI_FLAG_ASK, -1);
	ask_async(2, 1, "s");
	router_wait(t.router, 2, 5);
	saw("1 gets #1 r; 2:5 EDEADLOCK"); /* s was parked and is withdrawn */
}
END_TEST

/* --- the end of an actor --- */

START_TEST(stopped_answers_all_that_waits)
{
	add(1, 3, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "p");
	ask_async(PORT, 1, "q");
	tell(PORT, 1, "parked");
	ask(PORT, 1, "parked ask");
	ask_async(PORT, 1, "parked async ask");
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("dead a ESTOPPED; p0:2 answered ESTOPPED; p0:3 answered ESTOPPED; p0:4 ESTOPPED; p0:5 answered "
	    "ESTOPPED; p0:6 ESTOPPED");
	empty(1);
	router_expected(t.router, 1);
	tell(PORT, 1, "b");
	up(1);
	saw("p0:7 OK; 1 gets #1 b");
}
END_TEST

/* The askers hear at once, but whether the last tells were handled is known only when the process is dead. */
START_TEST(stopped_while_its_process_is_up)
{
	actors(1, 0);
	ask(PORT, 1, "deferred");
	ask(PORT, 1, "in hand");
	tell(PORT, 1, "handled");
	tell(PORT, 1, "not begun");
	ask(PORT, 1, "not begun either");
	done(1, 1);
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED; p0:5 answered ESTOPPED; p0:1 answered ESTOPPED");
	ck_assert_int_eq(reply(1, 2, "late"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 1, "later"), TRACTOR_OK);
	done(1, 2);
	down(1, 3, 0);
	saw("dead not begun ESTOPPED");
	empty(1);
	ck_assert_uint_eq(counts(1).handled_total, 3);
}
END_TEST

START_TEST(stopped_with_a_message_in_hand)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	forget();
	down(1, 0, 1);
	saw("hand #1 a (1); dead a ECRASHED; dead b ESTOPPED");
}
END_TEST

START_TEST(removed_with_all_it_has)
{
	actors(3, 2);
	ask_async(2, 1, "in its hands");
	tell(2, 1, "a");
	tell(2, 1, "parked");
	tell(1, 2, "accepted");
	ask(1, 2, "accepted too");
	tell(1, 2, "parked too");
	tell_after(1, 5, 3, "delayed");
	forget();
	router_remove(t.router, 1);
	saw("2:1 answered ESTOPPED; 2:3 ESTOPPED; dead a ESTOPPED");
	pass(5);
	ck_assert_int_eq(reply(2, 2, "nobody"), TRACTOR_OK);
	done(2, 2);
	empty(2);
	tell(2, 1, "b");
	saw("2:8 ESTOPPED");
}
END_TEST

START_TEST(a_new_version_that_serves_something_else)
{
	static const uint64_t served[] = { NEW };
	struct router_send send;

	add(1, 2, false);
	tell(PORT, 1, "old tell");
	ask(PORT, 1, "old ask");
	for (int i = 0; i < 2; i++) {
		send = sending(PORT, 1, "new tell", 0, -1);
		send.message = NEW;
		router_send(t.router, &send, t.now_ns);
		tell(PORT, 1, "old parked tell");
	}
	ask_async(PORT, 1, "old parked ask");
	forget();
	ck_assert_int_eq(router_up(t.router, 1, 1, served, 1), TRACTOR_OK);
	saw("dead old tell EPROTOCOL; p0:3 OK; 1 gets #1 new tell; p0:2 answered EPROTOCOL; p0:5 OK; 1 gets #2 "
	    "new tell; p0:4 EPROTOCOL; p0:6 EPROTOCOL; p0:7 EPROTOCOL");
	ck_assert_uint_eq(counts(1).parked, 0);
}
END_TEST

/* --- delayed tells --- */

START_TEST(delayed_tells_come_when_they_are_due)
{
	actors(1, 0);
	tell_after(PORT, 20, 1, "b");
	tell_after(PORT, 10, 1, "a");
	tell_after(PORT, -7, 1, "now");
	saw("p0:1 OK; p0:2 OK; p0:3 OK");
	pass(0);
	saw("1 gets #1 now");
	ck_assert_int_eq(router_next_ns(t.router), t.now_ns + 10 * MS);
	pass(25);
	saw("1 gets #2 a; 1 gets #3 b");
}
END_TEST

START_TEST(delayed_tells_can_be_cancelled)
{
	actors(2, 1);
	tell_after(PORT, 20, 1, "a");
	tell_after(PORT, 20, 1, "b");
	tell_after(2, 20, 1, "c");
	forget();
	ck_assert_int_eq(router_cancel(t.router, PORT, 2), TRACTOR_OK);
	ck_assert_int_eq(router_cancel(t.router, PORT, 2), TRACTOR_EINVAL);
	ck_assert_int_eq(router_cancel(t.router, PORT, 3), TRACTOR_EINVAL); /* it's another's */
	pass(20);
	saw("1 gets #1 a; 1 gets #2 c");
	ck_assert_int_eq(router_cancel(t.router, PORT, 1), TRACTOR_EINVAL);
	tell_after(PORT, 1, 1, "d");
	pass(1);
	ck_assert_int_eq(router_cancel(t.router, PORT, 4), TRACTOR_EINVAL); /* it is parked, so it is sent */
	done(1, 1);
	saw("p0:4 OK; 1 gets #3 d");
}
END_TEST

START_TEST(delayed_tells_that_find_nobody)
{
	actors(4, 0);
	for (uint64_t i = 1; i <= 4; i++)
		tell_after(PORT, 10, i, "a");
	forget();
	router_remove(t.router, 1);
	router_stopped(t.router, 2, TRACTOR_ESTOPPED);
	down(3, 0, 0);
	ck_assert_int_eq(router_up(t.router, 3, 2, NULL, 0), TRACTOR_OK);
	down(4, 0, 0);
	pass(10);
	saw("dead a ESTOPPED; dead a ESTOPPED; dead a EPROTOCOL");
	up(4);
	saw("4 gets #1 a");
}
END_TEST

START_TEST(delayed_tells_are_bounded)
{
	actors(2, 0);
	for (int i = 0; i < ROUTER_PENDING_MAX; i++)
		tell_after(2, i, 1, "a");
	forget();
	tell_after(2, 5, 1, "b");
	tell_after(1, 5, 2, "c");
	saw("2:1025 EFULL; 1:1026 OK");
	ck_assert_int_eq(router_cancel(t.router, 2, 700), TRACTOR_OK);
	tell_after(2, 5, 1, "d");
	saw("2:1027 OK");
}
END_TEST

/* --- callbacks that call --- */

static void
hook_remove_on_delivery(const char *what)
{
	if (strstr(what, "gets") != NULL)
		router_remove(t.router, 1);
}

START_TEST(removed_in_a_delivery)
{
	add(1, 2, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	tell(PORT, 1, "parked");
	t.hook = hook_remove_on_delivery;
	forget();
	up(1);
	saw("1 gets #1 a; p0:2 answered ESTOPPED; p0:3 ESTOPPED; dead a ESTOPPED");
	tell(PORT, 1, "b");
	saw("p0:4 ESTOPPED");
}
END_TEST

static void
hook_remove_on_answer(const char *what)
{
	if (strstr(what, "answered") != NULL || strstr(what, "dead") != NULL || strstr(what, "OK") != NULL) {
		router_remove(t.router, 1);
		router_remove_port(t.router, PORT);
	}
}

START_TEST(removed_in_the_middle_of_stopping)
{
	actors(1, 2);
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	ask(PORT, 1, "parked");
	tell(PORT, 1, "parked");
	done(1, 1);
	t.hook = hook_remove_on_answer;
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED; p0:1 answered ESTOPPED"); /* then the port is gone, with all that it had */
}
END_TEST

START_TEST(removed_in_the_middle_of_a_death)
{
	actors(2, 2);
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	tell(2, 1, "a");
	tell(2, 1, "b");
	tell(2, 1, "parked");
	t.hook = hook_remove_on_answer;
	forget();
	down(1, 1, 2);
	saw("hand #2 q (1); p0:2 answered ECRASHED; dead a ESTOPPED; dead b ESTOPPED; 2:5 ESTOPPED; dead q ECRASHED");
}
END_TEST

START_TEST(removed_when_a_parked_one_is_accepted)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "c");
	t.hook = hook_remove_on_answer;
	forget();
	done(1, 1);
	saw("p0:2 OK; dead b ESTOPPED"); /* and with the port what it had parked */
}
END_TEST

static void
hook_done_on_delivery(const char *what)
{
	unsigned sequence;

	if (sscanf(what, "1 gets #%u", &sequence) == 1)
		done(1, sequence);
}

START_TEST(deliveries_do_not_nest)
{
	add(1, 40, false);
	for (int i = 0; i < 100; i++)
		tell(PORT, 1, "");
	t.hook = hook_done_on_delivery;
	up(1);
	ck_assert_uint_eq(counts(1).handled_total, 100);
	empty(1);
}
END_TEST

static void
hook_send_on_answer(const char *what)
{
	if (strstr(what, "answered") != NULL && t.correlation < 10)
		ask(PORT, 1, "again");
}

START_TEST(asked_again_in_the_answer)
{
	actors(1, 1);
	t.hook = hook_send_on_answer;
	ask(PORT, 1, "q");
	forget();
	down(1, 0, 1);
	saw("hand #1 q (1); p0:1 answered ECRASHED; dead q ECRASHED");
	up(1);
	saw("1 gets #2 again");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED; p0:3 answered ESTOPPED; p0:4 answered ESTOPPED; p0:5 answered ESTOPPED; "
	    "p0:6 answered ESTOPPED; p0:7 answered ESTOPPED; p0:8 answered ESTOPPED; p0:9 answered ESTOPPED; "
	    "p0:10 answered ESTOPPED");
}
END_TEST

static void
hook_reopen(const char *what)
{
	if (strstr(what, "dead") != NULL) {
		router_expected(t.router, 1);
		tell(PORT, 1, "new");
	}
}

START_TEST(started_again_in_the_middle_of_stopping)
{
	add(1, 2, false);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "parked");
	t.hook = hook_reopen;
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	t.hook = NULL;
	forget();
	ck_assert_uint_eq(counts(1).waiting, 2);
	ck_assert_uint_eq(counts(1).parked, 0);
	up(1);
	saw("1 gets #1 new; 1 gets #2 new");
}
END_TEST

static void
hook_reopen_on_answer(const char *what)
{
	if (strstr(what, "answered") != NULL)
		router_expected(t.router, 1);
}

START_TEST(stopped_only_as_long_as_it_is)
{
	actors(1, 0);
	ask(PORT, 1, "deferred");
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	done(1, 1);
	t.hook = hook_reopen_on_answer;
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED");
	ck_assert_int_eq(reply(1, 3, "yes"), TRACTOR_OK);
	saw("p0:3 answered yes");
}
END_TEST

static void
hook_up_in_hand(const char *what)
{
	if (strstr(what, "hand") != NULL)
		up(1);
}

START_TEST(up_again_in_the_middle_of_a_death)
{
	add(1, 0, true);
	up(1);
	ask(PORT, 1, "deferred");
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	done(1, 1);
	forget();
	t.hook = hook_up_in_hand;
	down(1, 1, 2);
	saw("hand #2 a (1); 1 gets #4 a; 1 gets #5 b; p0:1 answered ECRASHED");
}
END_TEST

static void
hook_time_passes(const char *what)
{
	(void)what;
	router_run(t.router, t.now_ns);
}

START_TEST(time_in_a_callback)
{
	actors(1, 1);
	for (int i = 0; i < 5; i++)
		send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	forget();
	t.hook = hook_time_passes;
	pass(5);
	saw("p0:1 answered ETIMEDOUT; p0:2 answered ETIMEDOUT; p0:3 answered ETIMEDOUT; p0:4 answered ETIMEDOUT; "
	    "p0:5 answered ETIMEDOUT");
}
END_TEST

/* --- and the rest --- */

/* --- committed: what a handler said that has returned --- */

/* Until `ms` have passed without room for it, its sender waits; it waits on without. */
static void
commit_within(uint64_t sender, uint64_t target, const char *text, int64_t ms)
{
	send_within(sender, target, text, TRI_FLAG_COMMITTED, ms);
}

START_TEST(a_committed_tell_waits_for_room_without_limit)
{
	actors(2, 1);
	tell(2, 1, "a");
	commit_within(2, 1, "b", 10);
	saw("2:1 OK; 1 gets #1 a");
	pass(9);
	saw("");
	pass(1);
	saw("2:2 OK");
	pass(100000);
	saw("");
	ck_assert_uint_eq(counts(1).parked, 1);
	done(1, 1);
	saw("1 gets #2 b");
	done(1, 2);
	empty(1);
}
END_TEST

START_TEST(a_committed_tell_is_not_its_dead_senders)
{
	actors(2, 1);
	tell(2, 1, "a");
	tell(2, 1, "mine");
	commit_within(2, 1, "committed", 10);
	commit_within(2, 1, "committed too", 10);
	pass(10); /* one whose sender has gone on, and one more */
	commit_within(2, 1, "and this", 10);
	forget();
	down(2, 0, 0);
	up(2);
	done(1, 1);
	saw("1 gets #2 committed");
	done(1, 2);
	done(1, 3);
	saw("1 gets #3 committed too; 1 gets #4 and this");
	done(1, 4);
	empty(1);
}
END_TEST

START_TEST(a_committed_tell_that_is_refused_is_a_dead_letter)
{
	actors(3, 1);
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	commit_within(2, 1, "late", 10);
	saw("dead late ESTOPPED; 2:1 ESTOPPED");
	commit_within(2, 9, "nobody", 10);
	saw("dead nobody ENOACTOR; 2:2 ENOACTOR");
	tell(2, 3, "a");
	commit_within(2, 3, "parked", 10);
	commit_within(2, 3, "parked longer", 1);
	pass(1);
	saw("2:3 OK; 3 gets #1 a; 2:5 OK");
	router_stopped(t.router, 3, TRACTOR_ESTOPPED);
	saw("dead parked ESTOPPED; 2:4 ESTOPPED; dead parked longer ESTOPPED");
}
END_TEST

START_TEST(a_committed_timer_outlives_its_process)
{
	actors(2, 0);
	send_within(2, 1, "mine", TRI_FLAG_DELAYED, 10);
	send_within(2, 1, "committed", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	uint64_t cancelled = t.correlation + 1;
	send_within(2, 1, "cancelled", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	forget();
	down(2, 0, 0);
	up(2);
	ck_assert_int_eq(router_cancel(t.router, 2, cancelled), TRACTOR_OK); /* by the successor */
	pass(10);
	saw("1 gets #1 committed");
	down(2, 0, 0);
	done(1, 1);
	empty(1);
}
END_TEST

START_TEST(a_committed_timer_that_finds_no_room)
{
	actors(2, 1);
	tell(2, 1, "a");
	for (int i = 0; i < ROUTER_PENDING_MAX; i++)
		send_within(2, 1, "t", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	pass(10); /* due, and parked: they count as delayed still */
	forget();
	down(2, 0, 0);
	up(2);
	send_within(2, 1, "free again", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	saw("2:1026 OK");
	ck_assert_uint_eq(counts(1).parked, ROUTER_PENDING_MAX);
	router_remove(t.router, 2); /* for good, and its timers with it */
	pass(10);
	ck_assert_uint_eq(counts(1).parked, ROUTER_PENDING_MAX);
	saw("");
}
END_TEST

/* Whatever is sent as committed, a sender fills its own share only. */
START_TEST(committed_tells_are_bounded_too)
{
	actors(3, 1);
	for (int i = 0; i < ROUTER_PENDING_MAX + 1; i++)
		commit_within(2, 1, "x", 0);
	pass(1);
	forget();
	commit_within(2, 1, "too much", 0);
	saw("dead too much EFULL; 2:1026 EFULL");
	tell(3, 1, "other");
	saw("3:1027 OK; 1 gets #2 other");
}
END_TEST

START_TEST(what_was_in_hand_when_somebody_killed_the_process_is_no_suspect)
{
	const struct router_end killed = { .in_hand = 1, .from_outside = true };
	struct router_end again = killed;

	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	for (uint64_t i = 1; i <= 5; i++) {
		again.in_hand = i;
		router_down(t.router, 1, &again, NULL, NULL);
		up(1);
	}
	saw("p0:1 OK; 1 gets #1 a; 1 gets #2 a; 1 gets #3 a; 1 gets #4 a; 1 gets #5 a; 1 gets #6 a");
	down(1, 0, 6); /* now it has crashed: once */
	up(1);
	saw("hand #6 a (1); 1 gets #7 a");
	down(1, 0, 7);
	saw("hand #7 a (2); quarantined a");
}
END_TEST

START_TEST(no_ops_at_all)
{
	static const struct router_ops none = { 0 };
	struct router *router;

	ck_assert_int_eq(router_new(&none, NULL, &router), TRACTOR_OK);
	router_free(t.router);
	t.router = router;
	router_add_port(router, PORT);
	add(1, 1, true);
	up(1);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	router_down(router, 1, &(struct router_end){ .in_hand = 1 }, NULL, NULL);
	up(1);
	router_down(router, 1, &(struct router_end){ .done = 1, .in_hand = 2 }, NULL, NULL);
	up(1);
	router_stopped(router, 1, TRACTOR_ESTOPPED);
	tell(PORT, 1, "b");
	router_free(NULL);
}
END_TEST

/* Everything in every place when it is freed: the sanitizer says whether something is left. */
START_TEST(freed_with_everything_in_it)
{
	actors(3, 2);
	for (uint64_t i = 0; i < 12; i++) {
		ask(1 + i % 3, 1 + (i + 1) % 3, "ask");
		tell(1 + i % 3, 1 + (i + 1) % 3, "tell");
		ask_async(PORT, 1 + i % 3, "ask");
		tell_after(1 + i % 3, 5, 1 + i % 2, "delayed");
	}
	done(1, 2);
	forward(1, 1, 2, "f");
	forward(1, 2, 2, "f");
	down(3, 0, 1);
	t.log[0] = '\0';
	router_free(t.router);
	setup();
	saw("");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router");

#define CASE(name, ...)                                                       \
	do {                                                                  \
		TCase *tcase = tcase_create(name);                            \
		const TTest *tests[] = { __VA_ARGS__ };                       \
		tcase_add_checked_fixture(tcase, setup, teardown);            \
		tcase_set_timeout(tcase, 20);                                 \
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) \
			tcase_add_test(tcase, tests[i]);                      \
		suite_add_tcase(suite, tcase);                                \
	} while (0)

	CASE("sending", tells_arrive_in_order, an_ask_gets_one_answer,
		an_async_ask_is_accepted_and_then_answered, what_comes_before_up_waits, who_cannot_be_sent_to,
		what_cannot_be_sent, a_frame_of_a_replaced_process_is_dropped, ids_are_checked);
	CASE("bounds", a_full_share, another_bound_lets_in_who_has_room_now,
		a_flooder_fills_only_its_own_share, a_share_in_bytes, parked_ones_time_out,
		a_parked_one_that_gives_up_lets_the_next_in, parking_is_bounded_too, a_window_of_deliveries);
	CASE("limits", a_limit_covers_parking_waiting_and_handling, a_waiting_ask_that_times_out_is_withdrawn,
		a_late_answer_is_swallowed_once, an_answer_in_time_stops_the_clock,
		time_that_was_stopped_is_given_back);
	CASE("hostile", hostile_done, hostile_done_does_not_reach_what_it_makes_room_for,
		hostile_replies_and_forwards);
	CASE("crashes", crash_before_delivery, crash_before_it_was_begun, crash_with_a_tell_in_hand,
		crash_with_an_ask_in_hand, crash_after_asks_were_handled_without_an_answer,
		redelivery_begins_with_what_was_in_hand, in_hand_at_two_crashes_is_quarantined,
		another_message_of_the_same_bytes_is_the_same_suspect, a_suspect_that_is_handled_is_innocent,
		what_is_answered_is_not_redelivered, a_death_makes_room, down_messages_are_outside_any_share);
	CASE("senders", a_dead_sender, a_dead_asker, a_port_that_goes);
	CASE("forwarding", forward_moves_the_duty, forward_that_fails_is_the_askers_affair,
		a_forwarded_ask_that_is_parked,
		a_parked_forward_can_be_first_in_line_after_its_forwarders_death,
		a_parked_forward_times_out_or_stops_with_its_target);
	CASE("circles", circles_of_one_two_and_three, async_asks_make_no_circle_until_waited_for,
		who_waits_no_more_closes_no_circle, waiting_for_another_ends_waiting_for_the_first,
		circles_through_deferred_asks, circles_through_forwarded_asks,
		a_forward_to_one_who_waits_for_the_asker, parked_asks_are_waited_for_too,
		a_parked_tell_and_an_ask_make_a_circle, two_full_mailboxes_make_a_circle,
		a_full_mailbox_of_ones_own_is_a_circle, who_parks_and_does_not_wait_closes_no_circle);
	CASE("ends", stopped_answers_all_that_waits, stopped_while_its_process_is_up,
		stopped_with_a_message_in_hand, removed_with_all_it_has,
		a_new_version_that_serves_something_else);
	CASE("delayed", delayed_tells_come_when_they_are_due, delayed_tells_can_be_cancelled,
		delayed_tells_that_find_nobody, delayed_tells_are_bounded);
	CASE("committed", a_committed_tell_waits_for_room_without_limit,
		a_committed_tell_is_not_its_dead_senders, a_committed_tell_that_is_refused_is_a_dead_letter,
		a_committed_timer_outlives_its_process, a_committed_timer_that_finds_no_room,
		committed_tells_are_bounded_too,
		what_was_in_hand_when_somebody_killed_the_process_is_no_suspect);
	CASE("re-entry", removed_in_a_delivery, removed_in_the_middle_of_stopping,
		removed_in_the_middle_of_a_death, removed_when_a_parked_one_is_accepted,
		deliveries_do_not_nest, asked_again_in_the_answer, started_again_in_the_middle_of_stopping,
		stopped_only_as_long_as_it_is, up_again_in_the_middle_of_a_death, time_in_a_callback);
	CASE("memory", no_ops_at_all, freed_with_everything_in_it);
	return suite;
}
