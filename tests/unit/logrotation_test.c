/* logrotation_test.c: when a log's next file is begun, and what becomes of those before it: by names, in a folder that is only thought of. */
#include "unit.h"

#include <string.h>

#include "logrotation.h"

START_TEST(a_file_is_full_before_it_is_too_large)
{
	ck_assert(!logrotation_is_due(0, 100, 4000));
	ck_assert(!logrotation_is_due(3900, 100, 4000));
	ck_assert(logrotation_is_due(3901, 100, 4000));
	ck_assert(!logrotation_is_due(0, 5000, 4000)); /* what is larger than a file has one for itself */
	ck_assert(logrotation_is_due(1, 5000, 4000));
	ck_assert(logrotation_is_due(INT64_MAX, 1, UINT32_MAX));
}
END_TEST

START_TEST(names)
{
	char name[16];

	ck_assert(logrotation_name("a/db.log", 0, name, sizeof(name)));
	ck_assert_str_eq(name, "a/db.log");
	ck_assert(logrotation_name("a/db.log", 100, name, sizeof(name)));
	ck_assert_str_eq(name, "a/db.log.100");
	ck_assert(!logrotation_name("a/longer.log", 100, name, sizeof(name)));
}
END_TEST

#define FILES_MAX 8

/* Files by number; each holds a letter, 0: there is none. */
static void
rotate(char folder[FILES_MAX], unsigned files, unsigned steps)
{
	struct logrotation_step step;

	for (unsigned i = 0; i < steps && logrotation_step(files, i, &step); i++) {
		if (!step.goes && folder[step.from] != 0)
			folder[step.to] = folder[step.from];
		folder[step.from] = 0;
	}
}

START_TEST(each_gets_the_next_number_and_the_oldest_goes)
{
	char folder[FILES_MAX] = "abc";

	rotate(folder, 3, 100);
	ck_assert_int_eq(folder[0], 0);
	ck_assert_str_eq(folder + 1, "ab");
	memcpy(folder, "a\0\0\0", 4);
	rotate(folder, 1, 100);
	ck_assert_int_eq(memcmp(folder, "\0\0\0", 4), 0);
	memcpy(folder, "a\0c\0", 4); /* one is missing */
	rotate(folder, 4, 100);
	ck_assert_int_eq(memcmp(folder, "\0a\0c", 4), 0);
}
END_TEST

START_TEST(whoever_is_killed_in_the_middle_has_lost_nothing_but_the_oldest)
{
	for (unsigned done = 0; done <= 4; done++) {
		char folder[FILES_MAX] = "abcd";
		rotate(folder, 4, done);
		for (const char *letter = "abc"; *letter != '\0'; letter++)
			ck_assert_ptr_nonnull(memchr(folder, *letter, 4));
		rotate(folder, 4, 100);
		ck_assert_int_eq(folder[0], 0);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("logrotation");

	TEST_CASE(suite, "rotation", 30, a_file_is_full_before_it_is_too_large, names,
		each_gets_the_next_number_and_the_oldest_goes,
		whoever_is_killed_in_the_middle_has_lost_nothing_but_the_oldest);
	return suite;
}
