/* unit.h: what every unit-test program includes: libcheck, and the one function that it must define. main() is in unit_main.c. */
#ifndef TRACTOR_TESTS_UNIT_H
#define TRACTOR_TESTS_UNIT_H

#include <stdlib.h>

#include <check.h>

/*
 * libcheck notes where each assertion was that held, by a system call, so that it can say after which one a test crashed. Where millions hold,
 * that is what the test's time goes to: a file that defines UNIT_MANY_ASSERTIONS goes without.
 */
#ifdef UNIT_MANY_ASSERTIONS
#undef ck_assert_msg
#define ck_assert_msg(expr, ...) \
	((expr) ? (void)0        \
		: _ck_assert_failed(__FILE__, __LINE__, "Assertion '" #expr "' failed", __VA_ARGS__))
#endif

/* How many random inputs are tried: a tenth of so many where each takes fifty times as long (valgrind/run.sh says so). */
static inline int
test_rounds(int rounds)
{
	return getenv("TRACTOR_TEST_FEW_ROUNDS") ? rounds / 10 : rounds;
}

/* The program's one suite. */
Suite *test_suite(void);

/* A test case named `name` with the listed test functions, each under `timeout_s` seconds and between `setup` and `teardown` (NULL: nothing), added to `suite`. */
#define TEST_CASE_WITH(suite, name, timeout_s, setup, teardown, ...)               \
	do {                                                                       \
		TCase *test_case_ = tcase_create(name);                            \
		const TTest *tests_[] = { __VA_ARGS__ };                           \
		tcase_set_timeout(test_case_, timeout_s);                          \
		tcase_add_checked_fixture(test_case_, setup, teardown);            \
		for (size_t i_ = 0; i_ < sizeof(tests_) / sizeof(tests_[0]); i_++) \
			tcase_add_test(test_case_, tests_[i_]);                    \
		suite_add_tcase(suite, test_case_);                                \
	} while (0)

#define TEST_CASE(suite, name, timeout_s, ...) TEST_CASE_WITH(suite, name, timeout_s, NULL, NULL, __VA_ARGS__)

#endif
