/*
 * state_test.c: durable state. Whatever moment a process dies at, its successor finds the state as of the last message that was done, or none; never a mixture. The "process" here is a
 * mapping that is dropped without a word.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "state.h"
#include "unit.h"

struct account {
	int64_t values[100]; /* all the same, whenever it is whole */
};

static int fd = -1;

static struct tri_state
open_process(size_t size)
{
	struct tri_state state;

	if (fd < 0) /* each test is a process of its own */
		fd = memfd_create("state", MFD_CLOEXEC);
	ck_assert_int_eq(tri_state_open(&state, size), TRACTOR_OK);
	ck_assert_int_eq(tri_state_keep(&state, fd), TRACTOR_OK);
	return state;
}

static void
set_all(struct tri_state *state, int64_t value)
{
	struct account *account = state->work;

	for (size_t i = 0; i < 100; i++)
		account->values[i] = value;
}

static void
expect_all(const struct tri_state *state, int64_t value)
{
	const struct account *account = state->work;

	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq(account->values[i], value);
}

START_TEST(state_nothing_to_load_at_first)
{
	struct tri_state state = open_process(sizeof(struct account));

	ck_assert(!tri_state_load(&state, UINT64_MAX - 1));
	tri_state_close(&state);
}
END_TEST

START_TEST(state_survives_as_of_done)
{
	struct tri_state state = open_process(sizeof(struct account));

	for (int64_t sequence = 1; sequence <= 10; sequence++) {
		set_all(&state, sequence);
		tri_state_save(&state, (uint64_t)sequence);
	}
	tri_state_close(&state);
	/* It died after it had saved 10, before it could say that 10 is done. */
	state = open_process(sizeof(struct account));
	ck_assert(tri_state_load(&state, 9));
	expect_all(&state, 9);
	/* And the copy for 10 never comes back, not even when 10 is done by the successor without a change. */
	tri_state_close(&state);
	state = open_process(sizeof(struct account));
	ck_assert(tri_state_load(&state, 10));
	expect_all(&state, 9);
	tri_state_close(&state);
}
END_TEST

START_TEST(state_whole_after_any_number_of_deaths)
{
	uint64_t done = 0;

	for (int round = 0; round < 50; round++) {
		struct tri_state state = open_process(sizeof(struct account));
		bool loaded = tri_state_load(&state, done);
		ck_assert(loaded || done == 0);
		expect_all(&state, (int64_t)done);
		for (int i = 0; i < round % 4; i++) {
			set_all(&state, (int64_t)done + 1);
			tri_state_save(&state, done + 1);
			done++;
		}
		/* In the middle of the next message: half of it changed, perhaps saved, never done. */
		memset(state.work, 0x55, sizeof(struct account) / 2);
		if (round % 2)
			tri_state_save(&state, done + 1);
		tri_state_close(&state);
	}
}
END_TEST

START_TEST(state_outside_messages)
{
	struct tri_state state = open_process(sizeof(struct account));

	set_all(&state, 1);
	tri_state_save(&state, 0); /* on_start */
	set_all(&state, 2);
	tri_state_save(&state, 0); /* a step without a message: the newer one counts */
	tri_state_close(&state);
	state = open_process(sizeof(struct account));
	ck_assert(tri_state_load(&state, 0));
	expect_all(&state, 2);
	tri_state_close(&state);
}
END_TEST

START_TEST(state_of_another_size_is_none)
{
	struct tri_state state = open_process(sizeof(struct account));

	set_all(&state, 1);
	tri_state_save(&state, 1);
	tri_state_close(&state);
	state = open_process(sizeof(struct account) + 8);
	ck_assert(!tri_state_load(&state, 1));
	tri_state_close(&state);
}
END_TEST

START_TEST(state_forgotten)
{
	struct tri_state state = open_process(sizeof(struct account));

	tri_state_save(&state, 1);
	tri_state_forget(&state);
	ck_assert(!tri_state_load(&state, 1));
	tri_state_close(&state);
}
END_TEST

/* --- from outside --- */

static bool
find(uint64_t done, uint64_t *ret_at, uint64_t *ret_size)
{
	uint8_t head[TRI_STATE_HEAD_BYTES];

	ck_assert_int_eq(pread(fd, head, sizeof(head), 0), sizeof(head));
	return tri_state_find(head, done, ret_at, ret_size);
}

START_TEST(state_seen_from_outside)
{
	struct tri_state state = open_process(sizeof(struct account));
	uint64_t at, size;
	int64_t value;

	ck_assert(!find(0, &at, &size));
	set_all(&state, 1);
	tri_state_save(&state, 1);
	set_all(&state, 2);
	tri_state_save(&state, 2);
	for (int64_t done = 1; done <= 2; done++) {
		ck_assert(find((uint64_t)done, &at, &size));
		ck_assert_uint_eq(size, sizeof(struct account));
		ck_assert_int_eq(pread(fd, &value, sizeof(value), (off_t)at), sizeof(value));
		ck_assert_int_eq(value, done);
	}
	tri_state_close(&state);
}
END_TEST

START_TEST(state_made_outside)
{
	struct account account;

	for (size_t i = 0; i < 100; i++)
		account.values[i] = 7;
	fd = memfd_create("state", MFD_CLOEXEC);
	ck_assert_int_eq(tri_state_fill(fd, &account, sizeof(account), 5), TRACTOR_OK);
	struct tri_state state = open_process(sizeof(struct account));
	ck_assert(!tri_state_load(&state, 4));
	ck_assert(tri_state_load(&state, 5));
	expect_all(&state, 7);
	tri_state_close(&state);
}
END_TEST

START_TEST(state_whose_head_lies)
{
	uint8_t head[TRI_STATE_HEAD_BYTES];
	uint64_t at, size;

	memset(head, 0xff, sizeof(head));
	ck_assert(!tri_state_find(head, 1, &at, &size));
	ck_assert(!tri_state_find(head, UINT64_MAX, &at, &size)); /* of that size there is none */
	memset(head, 0, sizeof(head));
	ck_assert(!tri_state_find(head, 1, &at, &size));
}
END_TEST

/* Beyond it ftruncate is SIGXFSZ, which says nothing of a state. */
START_TEST(state_larger_than_a_file_may_be)
{
	int small = memfd_create("state", MFD_CLOEXEC);
	struct rlimit before, limit;
	struct tri_state state;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){ .rlim_cur = 4096, .rlim_max = before.rlim_max };
	ck_assert_int_eq(tri_state_open(&state, limit.rlim_cur), TRACTOR_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	tractor_err kept = tri_state_keep(&state, small);
	tractor_err filled = tri_state_fill(small, state.work, state.size_bytes, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(kept, TRACTOR_ESYSTEM);
	ck_assert_int_eq(filled, TRACTOR_ESYSTEM);
	ck_assert_str_eq(tractor_why(), "cannot keep 4096 bytes of state: File too large");
	tri_state_close(&state);
	close(small);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("state");

	TEST_CASE(suite, "durable", 30, state_nothing_to_load_at_first, state_survives_as_of_done,
		state_whole_after_any_number_of_deaths, state_outside_messages, state_of_another_size_is_none,
		state_forgotten, state_larger_than_a_file_may_be);
	TEST_CASE(suite, "from outside", 30, state_seen_from_outside, state_made_outside,
		state_whose_head_lies);
	return suite;
}
