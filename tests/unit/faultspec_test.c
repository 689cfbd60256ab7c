/* faultspec_test.c: what a fault is called, and where it may happen; and what is said to who writes something else. */
#include <signal.h>
#include <string.h>

#include "faultspec.h"
#include "unit.h"
#include "why.h"

static struct faultspec
good(const char *fault, const char *at)
{
	struct faultspec spec;

	ck_assert_msg(faultspec_parse(fault, at, &spec) == TRACTOR_OK, "%s at %s: %s", fault,
		at ? at : "once", tractor_why());
	return spec;
}

static void
bad(const char *fault, const char *at, const char *words)
{
	struct faultspec spec = { .number = 42 };

	ck_assert_int_eq(faultspec_parse(fault, at, &spec), TRACTOR_EINVAL);
	ck_assert_msg(
		strstr(tractor_why(), words) != NULL, "\"%s\" does not say \"%s\"", tractor_why(), words);
	ck_assert_int_eq(spec.number, 42);
}

START_TEST(words_and_numbers)
{
	ck_assert_int_eq(good("segv", NULL).fault, TRI_FAULT_SEGV);
	ck_assert_int_eq(good("segv", NULL).place, TRI_AT_ONCE);
	ck_assert_int_eq(good("exit:0", NULL).number, 0);
	ck_assert_int_eq(good("exit:255", NULL).number, 255);
	ck_assert_int_eq(good("slow:250", NULL).number, 250);
	bad("exit", NULL, "which exit? exit:0 to exit:255");
	bad("exit:", NULL, "which exit?");
	bad("exit:256", NULL, "which exit?");
	bad("exit:-1", NULL, "which exit?");
	bad("slow:0", NULL, "slow:1 to slow:3600000");
	bad("segv:1", NULL, "segv has no number");
	bad("sevg", NULL, "did you mean \"segv\"?");
	bad("", NULL, "there is no fault");
	bad("SIGNAL", NULL, "there is no fault");
}
END_TEST

START_TEST(signals_by_name)
{
	ck_assert_int_eq(good("SIGBUS", NULL).fault, TRI_FAULT_SIGNAL);
	ck_assert_int_eq(good("SIGBUS", NULL).number, SIGBUS);
	ck_assert_int_eq(good("sigusr1", "stop").number, SIGUSR1);
	bad("SIGNOTHING", NULL, "there is no fault");
	bad("SIG", NULL, "there is no fault");
}
END_TEST

START_TEST(places)
{
	struct faultspec spec = good("segv", "counter.increment");

	ck_assert_int_eq(spec.place, TRI_AT_BEFORE);
	ck_assert_str_eq(spec.name, "counter.increment");
	ck_assert_uint_eq(spec.count, 1);
	ck_assert_uint_eq(good("segv", "before:counter.increment:7").count, 7);
	ck_assert_int_eq(good("segv", "after:counter.increment").place, TRI_AT_AFTER);
	ck_assert_str_eq(good("segv", "after:counter.increment:3").name, "counter.increment");
	ck_assert_int_eq(good("segv", "reply:counter.get:3").place, TRI_AT_REPLY);
	ck_assert_int_eq(good("segv", "start").place, TRI_AT_START);
	ck_assert_int_eq(good("hang", "stop").place, TRI_AT_STOP);
	spec = good("segv", "failpoint:half way:2");
	ck_assert_int_eq(spec.place, TRI_AT_FAILPOINT);
	ck_assert_str_eq(spec.name, "half way");
	ck_assert_uint_eq(spec.count, 2);
	bad("segv", "", "a place is a message");
	bad("segv", "x:0", "a place is a message");
	bad("segv", ":1", "a place is a message");
	bad("segv", "x:y", "a place is a message");
	bad("segv", "after:", "a place is a message");
}
END_TEST

START_TEST(what_goes_nowhere)
{
	bad("kill", "counter.increment", "leave the place (at) out");
	bad("stop", "start", "leave the place (at) out");
	ck_assert(faultspec_is_outside(good("kill", NULL).fault));
	ck_assert(!faultspec_is_outside(good("segv", NULL).fault));
	bad("fail", NULL, "fail is for what can fail");
	bad("fail", "stop", "fail is for what can fail");
	ck_assert_int_eq(good("fail", "start").fault, TRI_FAULT_FAIL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("faultspec");

	TEST_CASE(suite, "faultspec", 10, words_and_numbers, signals_by_name, places, what_goes_nowhere);
	return suite;
}
