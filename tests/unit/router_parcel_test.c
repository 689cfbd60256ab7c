/* router_parcel_test.c: a payload in a parcel is what any is, but held and not copied: whatever becomes of its message, each that was held is let go of, once. */
#include "router_fake.h"

static struct counted {
	struct parcel parcel; /* first */
	unsigned ended;	      /* how often nobody held it any more */
	char text[8];
} counted;

static void
end(struct parcel *parcel)
{
	((struct counted *)parcel)->ended++;
}

/* One of the shell's, which holds it for as long as it sends it. */
static void
send_parcel(uint64_t sender, uint64_t target, unsigned flags, int64_t limit_ms)
{
	struct router_send send = sending(sender, target, counted.text, flags, limit_ms);

	send.parcel = parcel_hold(&counted.parcel);
	router_send(t.router, &send, t.now_ns);
	parcel_let_go(send.parcel);
}

static void
begin(void)
{
	setup();
	counted = (struct counted){
		.parcel = { .bytes = (uint8_t *)counted.text, .size = sizeof(counted.text), .end = end },
		.text = "parcel"
	};
}

START_TEST(it_is_held_until_it_is_handled)
{
	actors(2, 0);
	send_parcel(2, 1, 0, -1);
	saw("2:1 OK; 1 gets #1 parcel");
	ck_assert_uint_eq(counted.parcel.holders, 1);
	done(1, 1);
	ck_assert_uint_eq(counted.ended, 1);
	empty(1);
}
END_TEST

START_TEST(it_outlives_its_receiver)
{
	actors(2, 0);
	send_parcel(2, 1, 0, -1);
	send_parcel(2, 1, TRI_FLAG_ASK, -1);
	forget();
	down(1, 0, 1);
	saw("hand #1 parcel (1); dead parcel ECRASHED");
	ck_assert_uint_eq(counted.parcel.holders, 1);
	up(1);
	saw("1 gets #3 parcel");
	ck_assert_int_eq(reply(1, 3, "yes"), TRACTOR_OK);
	done(1, 3);
	ck_assert_uint_eq(counted.ended, 1);
}
END_TEST

START_TEST(what_is_refused_is_not_held)
{
	actors(2, 1);
	tell(2, 1, "a");
	forget();
	send_parcel(2, 1, TRI_FLAG_TRY, 0);
	send_parcel(2, 7, 0, -1);
	send_parcel(2, 1, 0, 10);
	ck_assert_uint_eq(counted.parcel.holders, 1);
	ck_assert_uint_eq(counted.ended, 2);
	pass(10);
	saw("2:2 EFULL; 2:3 ENOACTOR; 2:4 ETIMEDOUT");
	ck_assert_uint_eq(counted.ended, 3);
}
END_TEST

START_TEST(it_goes_with_its_sender_or_its_target)
{
	actors(3, 0);
	send_parcel(2, 1, TRI_FLAG_DELAYED, 1000);
	ck_assert_uint_eq(counted.parcel.holders, 1);
	down(2, 0, 0);
	ck_assert_uint_eq(counted.ended, 1);
	send_parcel(3, 1, 0, -1);
	router_remove(t.router, 1);
	ck_assert_uint_eq(counted.ended, 2);
}
END_TEST

static void
note_digest(void *arg, const struct router_message *message)
{
	*(uint64_t *)arg = message->digest;
}

/* Of a message that is in hand as its receiver crashes. */
static uint64_t
digest_of(const uint8_t *bytes, size_t size, bool in_parcel)
{
	struct parcel parcel = { .holders = 1, .bytes = bytes, .size = size, .end = end };
	struct router_send send = sending(2, 1, "", 0, -1);
	uint64_t digest = 0, hand;

	send.payload = bytes;
	send.payload_bytes = size;
	send.parcel = in_parcel ? &parcel : NULL;
	router_send(t.router, &send, t.now_ns);
	hand = counts(1).sequence;
	router_down(
		t.router, 1, &(struct router_end){ .done = hand - 1, .in_hand = hand }, note_digest, &digest);
	ck_assert_uint_eq(parcel.holders, 1);
	up(1);
	return digest;
}

/* By which quarantine finds the same message again, whichever way it comes. */
START_TEST(its_digest_is_that_of_a_copy)
{
	static const size_t sizes[] = { 8, 1000, 1 << 20, (1 << 20) + 1, (1 << 20) + 8, 3 << 20 };
	static uint8_t bytes[3 << 20] = "unlike";

	actors(2, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t digest = digest_of(bytes, sizes[i], true);
		ck_assert_uint_ne(digest, 0);
		ck_assert_uint_eq(digest_of(bytes, sizes[i], false), digest);
		for (size_t at = 0; at < sizes[i]; at += sizes[i] / 3 + 1) {
			bytes[at] ^= 0x80;
			ck_assert_uint_ne(digest_of(bytes, sizes[i], true), digest);
			bytes[at] ^= 0x80;
		}
		bytes[sizes[i] - 1] ^= 1;
		ck_assert_uint_ne(digest_of(bytes, sizes[i], true), digest);
		bytes[sizes[i] - 1] ^= 1;
	}
}
END_TEST

START_TEST(the_router_that_ends)
{
	actors(2, 0);
	send_parcel(2, 1, 0, -1);
	send_parcel(2, 1, TRI_FLAG_DELAYED, 1000);
	ck_assert_uint_eq(counted.parcel.holders, 2);
	router_free(t.router);
	t.router = NULL;
	ck_assert_uint_eq(counted.parcel.holders, 0);
	ck_assert_uint_eq(counted.ended, 1);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router parcels");

	TEST_CASE_WITH(suite, "parcels", 10, begin, teardown, it_is_held_until_it_is_handled,
		it_outlives_its_receiver, what_is_refused_is_not_held, it_goes_with_its_sender_or_its_target,
		its_digest_is_that_of_a_copy, the_router_that_ends);
	return suite;
}
