/* timers_test.c: the timer queue against a plain list, and its promises one by one. */
#include "unit.h"

#include <stdlib.h>

#include "timers.h"

#define MANY 300

static struct timers timers;

static void
reserve(ptrdiff_t more)
{
	ck_assert_int_eq(timers_reserve(&timers, more), TRACTOR_OK);
}

START_TEST(empty_has_nothing_due)
{
	timers_init(&timers);
	ck_assert_ptr_null(timers_due(&timers, INT64_MAX));
	ck_assert_int_eq(timers_next_ns(&timers), INT64_MAX);
	timers_free(&timers);
	timers_free(NULL);
}
END_TEST

START_TEST(comes_out_in_order_of_time)
{
	struct timer t[5] = { 0 };
	const int64_t due[] = { 50, 10, 40, 20, 30 };

	timers_init(&timers);
	reserve(5);
	for (int i = 0; i < 5; i++)
		timers_arm(&timers, &t[i], due[i]);
	ck_assert_int_eq(timers_next_ns(&timers), 10);
	ck_assert_ptr_null(timers_due(&timers, 9));
	ck_assert_ptr_eq(timers_due(&timers, 30), &t[1]);
	ck_assert_ptr_eq(timers_due(&timers, 30), &t[3]);
	ck_assert_ptr_eq(timers_due(&timers, 30), &t[4]);
	ck_assert_ptr_null(timers_due(&timers, 30));
	ck_assert(!timer_armed(&t[4]));
	ck_assert(timer_armed(&t[2]));
	timers_free(&timers);
}
END_TEST

START_TEST(equal_times_come_out_as_armed)
{
	struct timer t[MANY] = { 0 };

	timers_init(&timers);
	reserve(MANY);
	for (int i = 0; i < MANY; i++)
		timers_arm(&timers, &t[i], 7);
	for (int i = 0; i < MANY; i++)
		ck_assert_ptr_eq(timers_due(&timers, 7), &t[i]);
	timers_free(&timers);
}
END_TEST

START_TEST(arming_again_moves)
{
	struct timer a = { 0 }, b = { 0 };

	timers_init(&timers);
	reserve(2);
	timers_arm(&timers, &a, 10);
	timers_arm(&timers, &b, 20);
	timers_arm(&timers, &a, 30);
	ck_assert_int_eq(timers_next_ns(&timers), 20);
	timers_arm(&timers, &a, 5);
	ck_assert_int_eq(timers_next_ns(&timers), 5);
	ck_assert_uint_eq(timers.count, 2);
	timers_free(&timers);
}
END_TEST

START_TEST(cancelled_never_comes)
{
	struct timer a = { 0 }, b = { 0 };

	timers_init(&timers);
	reserve(2);
	timers_cancel(&timers, &a);
	timers_arm(&timers, &a, 10);
	timers_arm(&timers, &b, 20);
	timers_cancel(&timers, &a);
	timers_cancel(&timers, &a);
	ck_assert(!timer_armed(&a));
	ck_assert_ptr_eq(timers_due(&timers, 100), &b);
	ck_assert_ptr_null(timers_due(&timers, 100));
	timers_free(&timers);
}
END_TEST

START_TEST(shift_moves_all)
{
	struct timer a = { 0 }, b = { 0 };

	timers_init(&timers);
	reserve(2);
	timers_arm(&timers, &a, 10);
	timers_arm(&timers, &b, 20);
	timers_shift(&timers, 5);
	ck_assert_int_eq(timers_next_ns(&timers), 15);
	ck_assert_ptr_eq(timers_due(&timers, 25), &a);
	ck_assert_ptr_eq(timers_due(&timers, 25), &b);
	timers_free(&timers);
}
END_TEST

START_TEST(owner_is_found)
{
	struct owner {
		int number;
		struct timer timer;
	} owner = { .number = 42 };

	timers_init(&timers);
	reserve(1);
	timers_arm(&timers, &owner.timer, 1);
	struct timer *timer = timers_due(&timers, 1);
	ck_assert_int_eq(TIMER_OWNER(timer, struct owner, timer)->number, 42);
	timers_free(&timers);
}
END_TEST

/* Arming never allocates: the heap does not move. */
START_TEST(reserved_room_is_enough_and_given_back)
{
	struct timer t[MANY] = { 0 };

	timers_init(&timers);
	for (int i = 0; i < MANY; i++)
		reserve(1);
	struct timer **heap = timers.heap;
	for (int i = 0; i < MANY; i++)
		timers_arm(&timers, &t[i], MANY - i);
	ck_assert_ptr_eq(timers.heap, heap);
	ck_assert_uint_eq(timers.count, MANY);
	for (int i = 0; i < MANY; i++)
		timers_cancel(&timers, &t[i]);
	reserve(-MANY);
	ck_assert_uint_eq(timers.reserved, 0);
	timers_free(&timers);
}
END_TEST

START_TEST(arming_beyond_the_reservation_is_a_bug)
{
	struct timer t[2] = { 0 };

	timers_init(&timers);
	reserve(1);
	timers_arm(&timers, &t[0], 1);
	timers_arm(&timers, &t[1], 1);
}
END_TEST

/* What a list would say is earliest; NULL: none armed. */
static struct timer *
earliest(struct timer *t)
{
	struct timer *best = NULL;

	for (int i = 0; i < MANY; i++)
		if (timer_armed(&t[i]) && (best == NULL || t[i].due_ns < best->due_ns ||
						  (t[i].due_ns == best->due_ns && t[i].order < best->order)))
			best = &t[i];
	return best;
}

START_TEST(agrees_with_a_list)
{
	struct timer t[MANY] = { 0 };

	srand(4711);
	timers_init(&timers);
	reserve(MANY);
	for (int step = 0; step < 20000; step++) {
		struct timer *timer = &t[rand() % MANY];
		switch (rand() % 4) {
		case 0:
		case 1: timers_arm(&timers, timer, rand() % 1000); break;
		case 2: timers_cancel(&timers, timer); break;
		default: {
			struct timer *expected = earliest(t);
			ck_assert_ptr_eq(timers_due(&timers, INT64_MAX), expected);
		}
		}
		struct timer *next = earliest(t);
		ck_assert_int_eq(timers_next_ns(&timers), next == NULL ? INT64_MAX : next->due_ns);
	}
	timers_free(&timers);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("timers");

	TEST_CASE(suite, "timers", 30, empty_has_nothing_due, comes_out_in_order_of_time,
		equal_times_come_out_as_armed, arming_again_moves, cancelled_never_comes, shift_moves_all,
		owner_is_found, reserved_room_is_enough_and_given_back, agrees_with_a_list);
	TCase *bugs = tcase_create("bugs");
	tcase_add_test_raise_signal(bugs, arming_beyond_the_reservation_is_a_bug, 6);
	suite_add_tcase(suite, bugs);
	return suite;
}
