/* lane_test.c: what goes into a lane comes out of it, whole, once and in order, whatever its size and however full it is; and what can't be in one is seen to be that. */
#define UNIT_MANY_ASSERTIONS
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "lane.h"
#include "unit.h"

#define HEADER 8
#define SMALLEST TRI_PACKED_MIN

static struct tri_lane *lane;
static struct tri_lane_sender sender;
static struct tri_lane_receiver receiver;

static void
setup(void)
{
	lane = aligned_alloc(64, sizeof(*lane));
	ck_assert_ptr_nonnull(lane);
	memset(lane, 0, sizeof(*lane));
	sender = tri_lane_sender(lane);
	receiver = tri_lane_receiver(lane);
}

static void
teardown(void)
{
	free(lane);
}

static uint8_t
byte_of(unsigned number, size_t at)
{
	return (uint8_t)(number * 31 + at);
}

static bool
put(unsigned number, size_t size)
{
	uint8_t *to = tri_lane_reserve(&sender, size);

	for (size_t i = 0; to && i < size; i++)
		to[i] = byte_of(number, i);
	if (to)
		tri_lane_publish(&sender);
	return to != NULL;
}

static void
get(unsigned number, size_t size)
{
	const void *frame;
	size_t found;
	unsigned wrong = 0;

	ck_assert_int_eq(tri_lane_look(&receiver, &frame, &found), TRI_LANE_FRAME);
	ck_assert_uint_eq(found, size);
	for (size_t i = 0; i < size; i++)
		wrong += ((const uint8_t *)frame)[i] != byte_of(number, i);
	ck_assert_uint_eq(wrong, 0);
	tri_lane_take(&receiver);
}

static void
expect(enum tri_lane_state state)
{
	const void *frame;
	size_t size;

	ck_assert_int_eq(tri_lane_look(&receiver, &frame, &size), state);
}

START_TEST(empty_at_first)
{
	expect(TRI_LANE_EMPTY);
	ck_assert(!tri_lane_has_news(&receiver));
}
END_TEST

START_TEST(nobody_has_none)
{
	receiver.out = NULL;
	sender.out = NULL;
	expect(TRI_LANE_EMPTY);
	ck_assert(!tri_lane_has_news(&receiver));
	ck_assert(tri_lane_sleep(&receiver));
	ck_assert_ptr_null(tri_lane_reserve(&sender, SMALLEST));
	ck_assert(tri_lane_is_taken(&sender));
}
END_TEST

START_TEST(what_is_not_published_is_not_there)
{
	ck_assert_ptr_nonnull(tri_lane_reserve(&sender, 100));
	expect(TRI_LANE_EMPTY);
	ck_assert(put(1, 200)); /* in its place */
	get(1, 200);
	expect(TRI_LANE_EMPTY);
}
END_TEST

START_TEST(the_sender_sees_when_all_is_taken)
{
	ck_assert(tri_lane_is_taken(&sender));
	put(0, SMALLEST);
	put(1, SMALLEST);
	ck_assert(!tri_lane_is_taken(&sender));
	get(0, SMALLEST);
	ck_assert(!tri_lane_is_taken(&sender));
	get(1, SMALLEST);
	ck_assert(tri_lane_is_taken(&sender));
}
END_TEST

START_TEST(what_is_known_is_as_of_the_last_look)
{
	put(0, SMALLEST);
	ck_assert_uint_eq(tri_lane_known(&receiver), 0);
	expect(TRI_LANE_FRAME);
	uint64_t one = tri_lane_known(&receiver);
	ck_assert_uint_ge(one, SMALLEST);
	put(1, SMALLEST);
	ck_assert_uint_eq(tri_lane_known(&receiver), one);
	get(0, SMALLEST);
	ck_assert_uint_eq(tri_lane_known(&receiver), 0);
	expect(TRI_LANE_FRAME);
	ck_assert_uint_eq(tri_lane_known(&receiver), one);
	get(1, SMALLEST);
	ck_assert_uint_eq(tri_lane_known(&receiver), 0);
}
END_TEST

START_TEST(looking_takes_nothing)
{
	ck_assert(put(1, 100));
	expect(TRI_LANE_FRAME);
	expect(TRI_LANE_FRAME);
	get(1, 100);
	expect(TRI_LANE_EMPTY);
}
END_TEST

START_TEST(full_is_no_room)
{
	unsigned count = 0;

	while (put(count, 1000))
		count++;
	ck_assert_uint_eq(count, TRI_LANE_BYTES / (1000 + HEADER));
	ck_assert(!put(count, 1000));
	get(0, 1000);
	ck_assert(put(count, 1000));
	for (unsigned i = 1; i <= count; i++)
		get(i, 1000);
	expect(TRI_LANE_EMPTY);
}
END_TEST

START_TEST(exactly_full)
{
	for (unsigned i = 0; i < TRI_LANE_BYTES / 1024; i++)
		ck_assert(put(i, 1024 - HEADER));
	ck_assert(!put(0, SMALLEST));
	for (unsigned i = 0; i < TRI_LANE_BYTES / 1024; i++)
		get(i, 1024 - HEADER);
	expect(TRI_LANE_EMPTY);
}
END_TEST

START_TEST(too_large_is_no_room)
{
	ck_assert_ptr_null(tri_lane_reserve(&sender, TRI_LANE_FRAME_MAX + 1));
	ck_assert(put(1, TRI_LANE_FRAME_MAX));
	get(1, TRI_LANE_FRAME_MAX);
}
END_TEST

/* Sizes and pauses at random, so that every way of meeting the ring's end is met. */
START_TEST(random_sizes)
{
	unsigned put_count = 0, got_count = 0;
	size_t sizes[1024];

	srand((unsigned)_i);
	while (got_count < 20000) {
		size_t size = SMALLEST + (size_t)rand() % (rand() % 4 ? 200 : TRI_LANE_FRAME_MAX - SMALLEST);
		if (rand() % 2 && put(put_count, size))
			sizes[put_count++ % 1024] = size;
		for (int i = rand() % 3; i > 0 && got_count < put_count; i--, got_count++)
			get(got_count, sizes[got_count % 1024]);
	}
}
END_TEST

/* --- the wake-up word --- */

START_TEST(who_sleeps_is_rung_once)
{
	void *to = tri_lane_reserve(&sender, 100);

	memset(to, 0, 100);
	ck_assert_int_eq(tri_lane_publish(&sender), TRI_LANE_SENT); /* awake */
	ck_assert(!tri_lane_sleep(&receiver));			    /* there is something */
	tri_lane_look(&receiver, (const void **)&to, &(size_t){ 0 });
	tri_lane_take(&receiver);
	ck_assert(tri_lane_sleep(&receiver));
	memset(tri_lane_reserve(&sender, 100), 0, 100);
	ck_assert_int_eq(tri_lane_publish(&sender), TRI_LANE_SENT_RING);
	memset(tri_lane_reserve(&sender, 100), 0, 100);
	ck_assert_int_eq(tri_lane_publish(&sender), TRI_LANE_SENT); /* rung already */
}
END_TEST

#define THREADED 20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t rung = PTHREAD_COND_INITIALIZER;
static unsigned rings, sleeps;

static void *
send_all(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < THREADED;) {
		size_t size = SMALLEST + i % 300;
		uint8_t *to = tri_lane_reserve(&sender, size);
		if (!to) {
			sched_yield();
			continue;
		}
		for (size_t at = 0; at < size; at++)
			to[at] = byte_of(i, at);
		if (tri_lane_publish(&sender) == TRI_LANE_SENT_RING) {
			pthread_mutex_lock(&mutex);
			rings++;
			pthread_cond_signal(&rung);
			pthread_mutex_unlock(&mutex);
		}
		if (i++ % 100 == 0)
			sched_yield();
	}
	return NULL;
}

/* A receiver that sleeps whenever there is nothing: a ring that is missed is a test that hangs. */
START_TEST(two_threads_and_a_bell)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, send_all, NULL), 0);
	for (unsigned i = 0; i < THREADED;) {
		if (tri_lane_has_news(&receiver)) {
			get(i, SMALLEST + i % 300);
			i++;
			continue;
		}
		if (!tri_lane_sleep(&receiver))
			continue;
		pthread_mutex_lock(&mutex);
		while (rings == 0)
			pthread_cond_wait(&rung, &mutex);
		rings = 0;
		sleeps++;
		pthread_mutex_unlock(&mutex);
		tri_lane_wake(&receiver);
	}
	pthread_join(thread, NULL);
	expect(TRI_LANE_EMPTY);
}
END_TEST

/* --- closing --- */

START_TEST(a_closed_lane_refuses_what_comes_and_keeps_what_is_there)
{
	ck_assert(put(0, 100));
	ck_assert(put(1, 200));
	ck_assert(!tri_lane_is_closed(&lane->out));
	uint8_t *to = tri_lane_reserve(&sender, 300);
	ck_assert_ptr_nonnull(to);
	memset(to, 0, 300);
	tri_lane_close(&lane->out); /* as the third frame is being written */
	ck_assert(tri_lane_is_closed(&lane->out));
	ck_assert_int_eq(tri_lane_publish(&sender), TRI_LANE_REFUSED);
	get(0, 100);
	get(1, 200);
	expect(TRI_LANE_EMPTY);
	ck_assert(!tri_lane_has_news(&receiver));
	ck_assert(tri_lane_sleep(&receiver));
}
END_TEST

static void *
send_until_refused(void *arg)
{
	_Atomic unsigned *sent = arg;

	for (;;) {
		void *to = tri_lane_reserve(&sender, SMALLEST);
		if (!to)
			continue;
		memset(to, 0, SMALLEST);
		if (tri_lane_publish(&sender) == TRI_LANE_REFUSED)
			return NULL;
		atomic_fetch_add(sent, 1);
	}
}

/* Whatever the moment: what the sender takes for sent is what is found, no more and no less. */
START_TEST(what_was_sent_is_what_whoever_closes_finds)
{
	static _Atomic unsigned sent;
	pthread_t thread;
	const void *frame;
	size_t size;
	unsigned found = 0;

	ck_assert_int_eq(pthread_create(&thread, NULL, send_until_refused, &sent), 0);
	while (atomic_load(&sent) < (unsigned)_i * 100)
		if (tri_lane_look(&receiver, &frame, &size) == TRI_LANE_FRAME) {
			tri_lane_take(&receiver);
			found++;
		}
	tri_lane_close(&lane->out);
	for (; tri_lane_look(&receiver, &frame, &size) == TRI_LANE_FRAME; found++)
		tri_lane_take(&receiver);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(found, atomic_load(&sent));
	expect(TRI_LANE_EMPTY);
}
END_TEST

/* --- what can't be --- */

static void
show(uint64_t head, uint32_t first_size)
{
	memcpy(lane->out.bytes, &first_size, sizeof(first_size));
	atomic_store(&lane->out.head, head);
}

START_TEST(a_head_that_cannot_be)
{
	const uint64_t heads[] = { 2, 7, HEADER - 1, TRI_LANE_BYTES + 8, UINT64_MAX, UINT64_MAX - 7 };

	show(heads[_i], SMALLEST);
	expect(TRI_LANE_BAD);
}
END_TEST

START_TEST(a_size_that_cannot_be)
{
	const uint32_t sizes[] = { 0, 1, SMALLEST - 1, SMALLEST + 8, TRI_LANE_FRAME_MAX + 1, UINT32_MAX - 1,
		UINT32_MAX };

	show(HEADER + SMALLEST, sizes[_i]);
	expect(TRI_LANE_BAD);
}
END_TEST

START_TEST(a_skip_with_nothing_behind_it)
{
	show(TRI_LANE_BYTES, UINT32_MAX);
	expect(TRI_LANE_BAD);
}
END_TEST

START_TEST(a_frame_across_the_end)
{
	const uint32_t size = TRI_LANE_FRAME_MAX;

	receiver.tail = TRI_LANE_BYTES - 1024;
	memcpy(lane->out.bytes + receiver.tail, &size, sizeof(size));
	atomic_store(&lane->out.head, receiver.tail + HEADER + TRI_LANE_FRAME_MAX);
	expect(TRI_LANE_BAD);
}
END_TEST

START_TEST(a_head_that_somebody_else_has_moved)
{
	ck_assert(put(0, 100));
	atomic_store(&lane->out.head, 8);
	ck_assert(put(1, 100)); /* as if nobody had */
	get(0, 100);
	get(1, 100);
}
END_TEST

START_TEST(a_tail_that_cannot_be)
{
	const uint64_t tails[] = { 1, 8, TRI_LANE_BYTES, UINT64_C(1) << 40 };

	while (put(0, 1000))
		;
	atomic_store(&lane->in.tail, sender.head + tails[_i]);
	ck_assert(!put(0, 1000));
	atomic_store(&lane->in.tail, 0); /* nothing taken: nothing was written over */
	ck_assert(!put(0, 1000));
}
END_TEST

/* Whatever is in there, looking at it stays within it. */
START_TEST(noise)
{
	srand((unsigned)_i);
	for (int i = 0; i < 20000; i++) {
		const void *frame;
		size_t size;
		uint32_t header = rand() % 3 ? (uint32_t)rand() % 9000 : UINT32_MAX;

		receiver.tail = (uint64_t)rand() % 100000 * 8;
		memcpy(lane->out.bytes + receiver.tail % TRI_LANE_BYTES, &header, sizeof(header));
		memcpy(lane->out.bytes, &header, sizeof(header));
		atomic_store(
			&lane->out.head, receiver.tail + (uint64_t)rand() % 12000 * (rand() % 8 ? 8 : 1));
		if (tri_lane_look(&receiver, &frame, &size) != TRI_LANE_FRAME)
			continue;
		ck_assert_uint_le(size, TRI_LANE_FRAME_MAX);
		ck_assert((const uint8_t *)frame >= lane->out.bytes);
		ck_assert((const uint8_t *)frame + size <= lane->out.bytes + TRI_LANE_BYTES);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("lane");
	TCase *there_and_back = tcase_create("there and back"), *word = tcase_create("the wake-up word"),
	      *closing = tcase_create("closing"), *lies = tcase_create("what can't be");

	tcase_add_checked_fixture(there_and_back, setup, teardown);
	tcase_add_test(there_and_back, empty_at_first);
	tcase_add_test(there_and_back, nobody_has_none);
	tcase_add_test(there_and_back, what_is_not_published_is_not_there);
	tcase_add_test(there_and_back, the_sender_sees_when_all_is_taken);
	tcase_add_test(there_and_back, what_is_known_is_as_of_the_last_look);
	tcase_add_test(there_and_back, looking_takes_nothing);
	tcase_add_test(there_and_back, full_is_no_room);
	tcase_add_test(there_and_back, exactly_full);
	tcase_add_test(there_and_back, too_large_is_no_room);
	tcase_add_loop_test(there_and_back, random_sizes, 0, 8);
	suite_add_tcase(suite, there_and_back);
	tcase_add_checked_fixture(word, setup, teardown);
	tcase_set_timeout(word, 60);
	tcase_add_test(word, who_sleeps_is_rung_once);
	tcase_add_test(word, two_threads_and_a_bell);
	suite_add_tcase(suite, word);
	tcase_add_checked_fixture(closing, setup, teardown);
	tcase_set_timeout(closing, 60);
	tcase_add_test(closing, a_closed_lane_refuses_what_comes_and_keeps_what_is_there);
	tcase_add_loop_test(closing, what_was_sent_is_what_whoever_closes_finds, 0, 8);
	suite_add_tcase(suite, closing);
	tcase_add_checked_fixture(lies, setup, teardown);
	tcase_add_loop_test(lies, a_head_that_cannot_be, 0, 6);
	tcase_add_loop_test(lies, a_size_that_cannot_be, 0, 7);
	tcase_add_test(lies, a_skip_with_nothing_behind_it);
	tcase_add_test(lies, a_frame_across_the_end);
	tcase_add_test(lies, a_head_that_somebody_else_has_moved);
	tcase_add_loop_test(lies, a_tail_that_cannot_be, 0, 4);
	tcase_add_loop_test(lies, noise, 0, 4);
	suite_add_tcase(suite, lies);
	return suite;
}
