/* suggest_test.c: the edit distance, and which word it makes one think of. */
#include <stdint.h>
#include <string.h>

#include "suggest.h"
#include "unit.h"

static const char *const keys[] = { "actor", "args", "exec", "env", "intensity", "period", "restart",
	"shutdown", "start_timeout", "status", "one_for_one", "one_for_all", "rest_for_one", NULL };
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

START_TEST(distance_counts_steps)
{
	static const struct {
		const char *from, *to;
		size_t steps;
	} cases[] = {
		{ "", "", 0 }, { "actor", "actor", 0 }, { "", "actor", 5 }, { "actor", "", 5 },
		{ "actr", "actor", 1 },	  /* one to insert */
		{ "acttor", "actor", 1 }, /* one to remove */
		{ "ector", "actor", 1 },  /* one to replace */
		{ "atcor", "actor", 1 },  /* two to swap */
		{ "Actor", "actor", 0 },  /* upper case is no step */
		{ "one-for-one", "one_for_one", 2 }, { "kitten", "sitting", 3 },
		{ "ca", "abc", 3 }, /* a swapped pair is not touched again */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_uint_eq(suggest_distance(cases[i].from, cases[i].to), cases[i].steps);
		ck_assert_uint_eq(suggest_distance(cases[i].to, cases[i].from), cases[i].steps);
	}
}
END_TEST

START_TEST(distance_of_long_words_is_endless)
{
	char longest[SUGGEST_LENGTH_MAX + 1], longer[SUGGEST_LENGTH_MAX + 2];

	memset(longest, 'a', sizeof(longest));
	longest[SUGGEST_LENGTH_MAX] = '\0';
	memset(longer, 'a', sizeof(longer));
	longer[SUGGEST_LENGTH_MAX + 1] = '\0';
	ck_assert_uint_eq(suggest_distance(longest, longest), 0);
	ck_assert_uint_eq(suggest_distance("", longest), SUGGEST_LENGTH_MAX);
	ck_assert_uint_eq(suggest_distance(longer, longest), SIZE_MAX);
	ck_assert_uint_eq(suggest_distance(longest, longer), SIZE_MAX);
	ck_assert_ptr_null(suggest_word(longer, keys, KEY_COUNT));
}
END_TEST

START_TEST(nearest_word_is_suggested)
{
	static const struct {
		const char *word, *meant;
	} cases[] = {
		{ "actr", "actor" },
		{ "Exec", "exec" },
		{ "intensty", "intensity" },
		{ "restrat", "restart" },
		{ "start-timeout", "start_timeout" },
		{ "one-for-all", "one_for_all" },
		{ "stat", "status" }, /* begins only this one */
		{ "one_for", NULL },  /* begins two, and both are far */
		{ "statu", "status" },
		{ "perm", NULL },
		{ "int", "intensity" },
		{ "shut", "shutdown" }, /* far, but begins only this one */
		{ "xyz", NULL },
		{ "", NULL },
		{ "s", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *meant = suggest_word(cases[i].word, keys, KEY_COUNT);
		if (cases[i].meant == NULL)
			ck_assert_msg(meant == NULL, "\"%s\" gives \"%s\"", cases[i].word, meant);
		else
			ck_assert_msg(meant != NULL && strcmp(meant, cases[i].meant) == 0,
				"\"%s\" gives \"%s\"", cases[i].word, meant != NULL ? meant : "nothing");
	}
}
END_TEST

/* Who leaves off the end of a word has not mistyped its beginning. */
START_TEST(a_beginning_comes_before_what_is_nearer)
{
	static const char *const words[] = { "start", "status", "stop" };

	ck_assert_ptr_eq(suggest_word("stat", words, 3), words[1]);
	ck_assert_ptr_null(suggest_word("sta", words, 3)); /* begins two, and both are far */
}
END_TEST

START_TEST(first_of_equals_and_entries_of_the_list)
{
	static const char *const words[] = { NULL, "bat", "cat" };

	ck_assert_ptr_eq(suggest_word("rat", words, 3), words[1]);
	ck_assert_ptr_null(suggest_word("rat", words, 0));
	ck_assert_ptr_null(suggest_word("rat", words, 1));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("suggest");

	TEST_CASE(suite, "distance", 30, distance_counts_steps, distance_of_long_words_is_endless);
	TEST_CASE(suite, "word", 30, nearest_word_is_suggested, a_beginning_comes_before_what_is_nearer,
		first_of_equals_and_entries_of_the_list);
	return suite;
}
