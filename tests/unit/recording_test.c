/*
 * recording_test.c: what a crash is played again from, as a file: what is written is read again; what is damaged, wherever, is found; and what somebody has made to do harm, with a checksum that is right, is
 * refused or read, and nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "recording.h"
#include "unit.h"

#define HEAD_BYTES 48
#define CHECKED_FROM 24

static const struct tri_pair args[] = { { .key = "greeting", .value = "hello" } };
static const char *const environment[] = { "HOME=/", "EMPTY=" };
static const char *const schemas[] = { "tell oracle.note {int64 number}" };
static const struct recorded_name names[] = { { .actor = 2, .path = "/t/oracle" } };
static const struct recorded_word words[] = {
	{ .kind = RECORDED_ASK, .number = 1, .message = 77, .target = 2 },
	{ .kind = RECORDED_ANSWER, .number = 1, .payload = { (const uint8_t *)"answer", 6 } },
	{ .kind = RECORDED_REFUSED, .number = 2, .err = TRACTOR_EFULL },
};

static struct recording
example(void)
{
	return (struct recording){ .about = { .id = "20261123T080811.402-them-1",
					   .path = "/t/them",
					   .self = 3,
					   .incarnation = 2,
					   .exec = "./player",
					   .program = "/usr/bin/player",
					   .build_id = { (const uint8_t *)"0123456789", 10 },
					   .args = { args, 1 },
					   .environment = { environment, 2 },
					   .died = { .panicked = true, .text = "before" },
					   .what = RECORDING_MESSAGE,
					   .done = 16,
					   .sequence = 17,
					   .message = 4711,
					   .has_state = true,
					   .start = { words, 2 },
					   .hand = { words, 3 },
					   .actors = { names, 1 },
					   .schemas = { schemas, 1 } },
		.message = { (const uint8_t *)"message", 7 },
		.state = { (const uint8_t *)"the state", 9 } };
}

static uint8_t *
encoded(const struct recording *recording, size_t *ret_size)
{
	uint8_t *bytes;

	ck_assert_int_eq(recording_encode(recording, &bytes, ret_size), TRACTOR_OK);
	return bytes;
}

/* A copy that belongs to whoever decodes it; exactly as large, so that a sanitizer sees what is read beyond. */
static uint8_t *
copy_of(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	memcpy(copy, bytes, size);
	return copy;
}

/* What whoever means harm does last. */
static void
set_checksum(uint8_t *bytes, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t at = CHECKED_FROM; at < size; at += 8) {
		uint64_t word = 0;
		memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
	}
	memcpy(bytes + CHECKED_FROM - 8, &hash, sizeof(hash));
}

START_TEST(recording_read_as_it_was_written)
{
	struct recording recording = example(), read;
	size_t size;
	uint8_t *bytes = encoded(&recording, &size);

	ck_assert_int_eq(recording_decode(bytes, size, &read), TRACTOR_OK);
	ck_assert_str_eq(read.about.id, recording.about.id);
	ck_assert_uint_eq(read.about.sequence, 17);
	ck_assert_uint_eq(read.about.hand.count, 3);
	ck_assert_mem_eq(read.about.hand.items[1].payload.data, "answer", 6);
	ck_assert_int_eq(read.about.hand.items[2].err, TRACTOR_EFULL);
	ck_assert_str_eq(read.about.environment.items[1], "EMPTY=");
	ck_assert_uint_eq(read.message.size, 7);
	ck_assert_mem_eq(read.message.data, "message", 7);
	ck_assert_uint_eq(read.state.size, 9);
	ck_assert_mem_eq(read.state.data, "the state", 9);
	recording_free(&read);
}
END_TEST

START_TEST(recording_damaged_anywhere)
{
	struct recording recording = example(), read;
	size_t size;
	uint8_t *bytes = encoded(&recording, &size);

	for (size_t at = 0; at < size; at++)
		for (int bit = 0; bit < 8; bit++) {
			uint8_t *copy = copy_of(bytes, size);
			copy[at] ^= (uint8_t)(1 << bit);
			ck_assert_int_eq(recording_decode(copy, size, &read), TRACTOR_EBADMSG);
			ck_assert_str_ne(tractor_why(), "");
			free(copy);
		}
	free(bytes);
}
END_TEST

START_TEST(recording_cut_anywhere)
{
	struct recording recording = example(), read;
	size_t size;
	uint8_t *bytes = encoded(&recording, &size);

	for (size_t length = 0; length < size; length++) {
		uint8_t *copy = copy_of(bytes, length);
		ck_assert_int_eq(recording_decode(copy, length, &read), TRACTOR_EBADMSG);
		if (length >= HEAD_BYTES) {
			set_checksum(copy, length);
			ck_assert_int_eq(recording_decode(copy, length, &read), TRACTOR_EBADMSG);
		}
		free(copy);
	}
	free(bytes);
}
END_TEST

/* What is taken for granted by whoever replays it. */
static void
expect_sound(const struct recording *read)
{
	ck_assert_int_lt(read->about.what, RECORDING_WHATS);
	ck_assert_int_eq(read->about.path[0], '/');
	ck_assert_uint_gt(read->about.incarnation, 0);
	for (size_t i = 0; i < read->about.hand.count; i++) {
		ck_assert_int_lt(read->about.hand.items[i].kind, RECORDED_KINDS);
		ck_assert_uint_gt(read->about.hand.items[i].number, 0);
	}
	for (size_t i = 0; i < read->about.environment.count; i++)
		ck_assert_ptr_ne(strchr(read->about.environment.items[i], '='), NULL);
}

START_TEST(recording_changed_by_one_who_knows_how)
{
	struct recording recording = example(), read;
	size_t size, sound = 0;
	uint8_t *bytes = encoded(&recording, &size);
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

	for (size_t at = CHECKED_FROM; at < size; at++)
		for (size_t i = 0; i < sizeof(values); i++) {
			uint8_t *copy = copy_of(bytes, size);
			copy[at] = values[i];
			set_checksum(copy, size);
			if (recording_decode(copy, size, &read) != TRACTOR_OK) {
				free(copy);
				continue;
			}
			sound++;
			expect_sound(&read);
			recording_free(&read);
		}
	ck_assert_uint_gt(sound, 0); /* a text may say anything */
	free(bytes);
}
END_TEST

/* A bundle's file has the name that the recording says, unless the user says another. */
START_TEST(recording_whose_id_leads_elsewhere)
{
	static const char *const ids[] = { "", "../../somewhere", "/etc/cron", ".profile" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct recording recording = example(), read;
		size_t size;
		recording.about.id = ids[i];
		uint8_t *bytes = encoded(&recording, &size);
		ck_assert_int_eq(recording_decode(bytes, size, &read), TRACTOR_EBADMSG);
		ck_assert_str_eq(tractor_why(), "its id is none");
		free(bytes);
	}
}
END_TEST

START_TEST(recording_of_something_else)
{
	struct recording read, recording = example();
	size_t size;

	recording.about.what = RECORDING_WHATS;
	uint8_t *bytes = encoded(&recording, &size);
	ck_assert_int_eq(recording_decode(bytes, size, &read), TRACTOR_EBADMSG);
	free(bytes);
	recording = example();
	recording.about.done = 17; /* then it was not in hand */
	bytes = encoded(&recording, &size);
	ck_assert_int_eq(recording_decode(bytes, size, &read), TRACTOR_EBADMSG);
	free(bytes);
	recording = example();
	recording.about.program = "player";
	bytes = encoded(&recording, &size);
	ck_assert_int_eq(recording_decode(bytes, size, &read), TRACTOR_EBADMSG);
	free(bytes);
}
END_TEST

/* Larger than a message of ours may be: the parts that grow are not in what the codec packs. */
START_TEST(recording_of_the_largest)
{
	struct recording recording = example(), read;
	size_t size;

	recording.message = (struct tractor_bytes){ calloc(1, RECORDING_MESSAGE_MAX), RECORDING_MESSAGE_MAX };
	recording.state = (struct tractor_bytes){ calloc(1, RECORDING_STATE_MAX), RECORDING_STATE_MAX };
	uint8_t *bytes = encoded(&recording, &size);
	ck_assert_int_eq(recording_decode(bytes, size, &read), TRACTOR_OK);
	ck_assert_uint_eq(read.message.size, RECORDING_MESSAGE_MAX);
	recording_free(&read);
	free((void *)recording.message.data);
	free((void *)recording.state.data);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("recording");

	TEST_CASE(suite, "recording", 60, recording_read_as_it_was_written, recording_damaged_anywhere,
		recording_cut_anywhere, recording_changed_by_one_who_knows_how,
		recording_whose_id_leads_elsewhere, recording_of_something_else, recording_of_the_largest);
	return suite;
}
