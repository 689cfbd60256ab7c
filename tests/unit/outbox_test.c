/*
 * outbox_test.c: what a dead process had said is found, whole and in order, and what it had not said is not; whatever moment it died at, and whatever it wrote instead. The two ends are two
 * mappings of one black box.
 */
#define UNIT_MANY_ASSERTIONS
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blackbox.h"
#include "shell.h"
#include "unit.h"

#define TEXT(FIELD) FIELD(bytes, text)
TRACTOR_RECORD(letter, TEXT);

static struct tri_blackbox *box; /* the supervisor's */
static struct tri_outbox_end outbox;
static int fd;

static void
setup(void)
{
	struct tri_blackbox *actors;

	ck_assert_int_eq(box_make(1, 0, &box, &fd), TRACTOR_OK);
	ck_assert_int_eq(tri_blackbox_map(fd, &actors), TRACTOR_OK);
	tri_outbox_open(&outbox, actors, NULL);
}

static void
teardown(void)
{
	tri_blackbox_unmap(box);
	tri_blackbox_unmap(outbox.box);
	close(fd);
}

static tractor_err
hold(uint64_t correlation, size_t size_bytes)
{
	static uint8_t text[17 << 20];
	struct tri_frame frame = tri_frame(TRI_FRAME_SEND);
	struct letter letter = { .text = { text, size_bytes } };

	frame.correlation = correlation;
	return tri_outbox_hold(&outbox, &frame, &tri_record_letter, &letter);
}

/* As the actor does: all of them, numbered one after the other. */
static unsigned
send_all(void)
{
	unsigned count = 0;
	size_t size_bytes;

	for (const void *frame; (frame = tri_outbox_take(&outbox, &size_bytes)); count++) {
		struct tri_frame checked;
		ck_assert_int_eq(tri_frame_check(frame, size_bytes, &checked), TRACTOR_OK);
		atomic_fetch_add(&outbox.box->sent, 1);
	}
	return count;
}

static void
say(uint64_t correlation, size_t size_bytes, uint64_t sequence)
{
	ck_assert_int_eq(hold(correlation, size_bytes), TRACTOR_OK);
	tri_outbox_publish(&outbox, sequence);
	ck_assert_uint_eq(send_all(), 1);
}

/* The supervisor has taken all that was sent but the last `but`. */
static void
hear(uint64_t but)
{
	atomic_store(&box->heard, atomic_load(&box->sent) - but);
}

/* Reads all: their numbers are one after the other, and they end with `last`. Returns how many. */
static unsigned
read_all(uint64_t last_correlation)
{
	struct tri_outbox_place place = { .banks = 0 };
	struct tri_outbox_record record, before = { .number = 0 };
	struct tri_frame frame = { .correlation = 0 };
	unsigned count = 0;

	for (const void *bytes; tri_outbox_read(box, &place, &record, &bytes); count++) {
		ck_assert_int_eq(tri_frame_check(bytes, record.size_bytes, &frame), TRACTOR_OK);
		ck_assert(count == 0 || record.number == before.number + 1);
		before = record;
	}
	ck_assert_uint_eq(frame.correlation, last_correlation);
	return count;
}

START_TEST(nothing_is_in_a_new_one)
{
	ck_assert_uint_eq(read_all(0), 0);
	ck_assert_uint_eq(send_all(), 0);
}
END_TEST

START_TEST(what_is_held_was_never_said)
{
	for (uint64_t i = 1; i <= 3; i++)
		ck_assert_int_eq(hold(i, i), TRACTOR_OK);
	ck_assert_uint_eq(read_all(0), 0);
	tri_outbox_publish(&outbox, 7);
	ck_assert_uint_eq(read_all(3), 3);
	ck_assert_uint_eq(send_all(), 3);
	ck_assert_int_eq(hold(4, 0), TRACTOR_OK);
	ck_assert_uint_eq(read_all(3), 3);
}
END_TEST

/* An ask sends what was held: it is out, and no part of what the handler will have done. */
START_TEST(what_is_sent_before_its_time_is_no_record)
{
	say(1, 10, 1);
	ck_assert_int_eq(hold(2, 10), TRACTOR_OK);
	ck_assert_int_eq(hold(3, 10), TRACTOR_OK);
	ck_assert_uint_eq(send_all(), 2);
	ck_assert_int_eq(hold(4, 10), TRACTOR_OK);
	tri_outbox_publish(&outbox, 2);
	struct tri_outbox_place place = { .banks = 0 };
	struct tri_outbox_record record;
	const void *frame;
	ck_assert(tri_outbox_read(box, &place, &record, &frame));
	ck_assert_uint_eq(record.number, 1);
	ck_assert_uint_eq(record.sequence, 1);
	ck_assert(tri_outbox_read(box, &place, &record, &frame));
	ck_assert_uint_eq(record.number, 4);
	ck_assert_uint_eq(record.sequence, 2);
	ck_assert(!tri_outbox_read(box, &place, &record, &frame));
}
END_TEST

START_TEST(a_place_is_used_again_once_it_is_heard)
{
	for (uint64_t i = 1; i <= 20000; i++) {
		say(i, 100, i);
		hear(0);
	}
	ck_assert_uint_ge(read_all(20000), 1);
	ck_assert_uint_lt(atomic_load(&box->published[0]), 5000); /* a page, which is there in any case */
	ck_assert_uint_eq(atomic_load(&box->published[1]), 0);
}
END_TEST

/* A supervisor that is always some frames behind: both banks are used, little of them, and what is not heard is there. */
START_TEST(what_is_not_heard_stays_while_banks_change)
{
	for (uint64_t i = 1; i <= 4000; i++) {
		say(i, 100, i);
		hear(i < 16 ? i : 16);
		ck_assert_uint_ge(read_all(i), i < 16 ? i : 16);
	}
	ck_assert_uint_lt(atomic_load(&box->published[0]), 128 << 10);
	ck_assert_uint_lt(atomic_load(&box->published[1]), 128 << 10);
}
END_TEST

/* One that lives is looked at, too: while that goes on it may begin the bank anew that was the older one. */
START_TEST(a_bank_is_begun_anew_while_it_is_read)
{
	struct tri_outbox_place place = { .banks = 0 };
	struct tri_outbox_record record;
	const void *frame;
	uint64_t said = 0, before;

	for (; atomic_load(&box->published[1]) == 0; said++)
		say(said + 1, 100, said + 1);
	before = said - 1;
	atomic_store(&box->heard, before);
	for (; atomic_load(&box->published[0]) > 4096; said++)
		say(said + 1, 100, said + 1);
	ck_assert(tri_outbox_read(box, &place, &record, &frame));
	ck_assert_uint_eq(record.number, before + 1);
	atomic_store(&box->published[1], 0);
	ck_assert(tri_outbox_read(box, &place, &record, &frame));
	ck_assert_uint_eq(record.number, said);
	ck_assert(!tri_outbox_read(box, &place, &record, &frame));
}
END_TEST

static size_t
pages_in_use(void)
{
	struct stat about;

	ck_assert_int_eq(fstat(fd, &about), 0);
	return (size_t)about.st_blocks * 512;
}

START_TEST(large_ones_fit_and_give_their_pages_back)
{
	say(1, 15 << 20, 1);
	ck_assert_int_eq(hold(2, 15 << 20), TRACTOR_OK);
	ck_assert_int_eq(hold(3, 15 << 20), TRACTOR_OK);
	ck_assert_int_eq(hold(4, 15 << 20), TRACTOR_EFULL);
	tri_outbox_publish(&outbox, 2);
	ck_assert_uint_eq(read_all(3), 3);
	ck_assert_uint_eq(send_all(), 2);
	ck_assert_uint_gt(pages_in_use(), 45 << 20);
	hear(0);
	say(5, 40 << 10, 3);
	hear(0);
	say(6, 40 << 10, 3);
	say(7, 40 << 10, 3);
	say(8, 40 << 10, 3);
	ck_assert_uint_lt(pages_in_use(), 3 << 20);
	ck_assert_int_eq(hold(9, TRI_PAYLOAD_MAX + 1), TRACTOR_EINVAL);
}
END_TEST

START_TEST(a_handler_has_no_more_than_its_share)
{
	for (uint64_t i = 1; i <= TRI_HELD_MAX; i++)
		ck_assert_int_eq(hold(i, 1), TRACTOR_OK);
	ck_assert_int_eq(hold(TRI_HELD_MAX + 1, 1), TRACTOR_EFULL);
	tri_outbox_publish(&outbox, 1);
	ck_assert_uint_eq(read_all(TRI_HELD_MAX), TRI_HELD_MAX);
	ck_assert_uint_eq(send_all(), TRI_HELD_MAX);
	ck_assert_int_eq(hold(1, 1), TRACTOR_OK);
}
END_TEST

/* Anything may stand there: it ends, and nothing outside the bank is looked at. */
START_TEST(nonsense_is_read_to_an_end)
{
	static const uint64_t words[] = { 0, 1, 8, 79, 80, 4096, TRI_BANK_BYTES - 24, TRI_BANK_BYTES,
		TRI_BANK_BYTES + 8, UINT64_MAX - 7, UINT64_MAX };
	uint8_t *bank = outbox.box->outbox.bank[0];

	for (size_t end = 0; end < sizeof(words) / sizeof(words[0]); end++)
		for (size_t size = 0; size < sizeof(words) / sizeof(words[0]); size++) {
			struct tri_outbox_record record = { .number = 1, .size_bytes = words[size] };
			struct tri_outbox_place place = { .banks = 0 };
			const void *frame;
			unsigned count = 0;
			memcpy(bank, &record, sizeof(record));
			atomic_store(&box->published[0], words[end]);
			atomic_store(&box->published[1], words[end]);
			while (tri_outbox_read(box, &place, &record, &frame)) {
				ck_assert_uint_le(++count, 2);
				ck_assert(record.size_bytes <= words[end]);
			}
		}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("outbox");

	TEST_CASE_WITH(suite, "outbox", 30, setup, teardown, nothing_is_in_a_new_one,
		what_is_held_was_never_said, what_is_sent_before_its_time_is_no_record,
		a_place_is_used_again_once_it_is_heard, what_is_not_heard_stays_while_banks_change,
		a_bank_is_begun_anew_while_it_is_read, large_ones_fit_and_give_their_pages_back,
		a_handler_has_no_more_than_its_share, nonsense_is_read_to_an_end);
	return suite;
}
