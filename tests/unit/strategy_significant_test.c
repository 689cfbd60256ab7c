/* strategy_significant_test.c: auto-shutdown: whose end is its supervisor's. OTP cases 50 to 56. */
#include "tree_shapes.h"

static void
begin_significant(enum spec_auto_shutdown mode, enum spec_restart restart)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 5, significant("x", restart), significant("y", restart),
		actor("plain", restart), NULL);

	s->auto_shutdown = mode;
	s->restart = TRANSIENT;
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), s, NULL));
	forget_log();
}

START_TEST(any_significant)
{
	begin_significant(SPEC_ANY_SIGNIFICANT, TRANSIENT);
	ends("/r/s/plain", NODE_END_NORMAL);
	is("/r/s", NODE_RUNNING);
	crash("/r/s/x"); /* restarted: not done */
	is("/r/s", NODE_RUNNING);
	forget_log();
	ends("/r/s/x", NODE_END_NORMAL);
	did("-y");
	is("/r/s", NODE_STOPPED);
	ck_assert_int_eq(at("/r/s")->last_end, NODE_END_SHUTDOWN);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(all_significant)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	ends("/r/s/x", NODE_END_DONE);
	is("/r/s", NODE_RUNNING);
	ends("/r/s/y", NODE_END_SHUTDOWN);
	did("-plain");
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

START_TEST(all_significant_temporary)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TEMPORARY);
	crash("/r/s/y");
	is("/r/s", NODE_RUNNING);
	ends("/r/s/x", NODE_END_KILLED);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

/* It has not ended yet, and how its supervisor will take that is not known. */
START_TEST(last_own_end_while_a_supervisor_comes_down_does_not_trigger)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 0, actor("x", PERMANENT), actor("y", PERMANENT), NULL),
		    *root = sup("r", SPEC_ONE_FOR_ONE, 1, s, significant("a", TRANSIENT), NULL);

	s->restart = TRANSIENT;
	s->significant = true;
	root->auto_shutdown = SPEC_ALL_SIGNIFICANT;
	begin(root);
	stops("y", HANGS_STOPPING);
	crash("/r/s/x");
	is("/r/s", NODE_STOPPING);
	ends("/r/a", NODE_END_NORMAL);
	is("/r", NODE_RUNNING);
	ends("/r/s/y", NODE_END_SHUTDOWN);
	has_ended(TREE_AUTO_SHUTDOWN, "/r/s/x");
	finish();
}
END_TEST

START_TEST(terminate_does_not_trigger)
{
	for (int mode = SPEC_ANY_SIGNIFICANT; mode <= SPEC_ALL_SIGNIFICANT; mode++) {
		begin_significant((enum spec_auto_shutdown)mode, TEMPORARY);
		terminate("/r/s/x");
		terminate("/r/s/y");
		is("/r/s", NODE_RUNNING);
		finish();
	}
}
END_TEST

/* A terminated significant child is not left: the last one's own end triggers. */
START_TEST(last_own_end_after_a_terminate_triggers)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	terminate("/r/s/x");
	ends("/r/s/y", NODE_END_NORMAL);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

/* OTP would have waited for the end of the one that was terminated before it heard of the other's. */
START_TEST(last_own_end_while_another_is_terminated_triggers)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	stops("x", HANGS_STOPPING);
	terminate("/r/s/x");
	ends("/r/s/y", NODE_END_NORMAL);
	is("/r/s", NODE_STOPPING);
	ends("/r/s/x", NODE_END_SHUTDOWN);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

/* One that is stopped to be started again is left. */
START_TEST(last_own_end_while_another_is_restarted_does_not_trigger)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	stops("x", HANGS_STOPPING);
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/s/x")), TRACTOR_OK);
	run();
	ends("/r/s/y", NODE_END_NORMAL);
	is("/r/s", NODE_RUNNING);
	ends("/r/s/x", NODE_END_SHUTDOWN);
	is("/r/s/x", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(significant_bystander_does_not_trigger)
{
	struct spec *root = sup("r", SPEC_ONE_FOR_ALL, 5, actor("a", PERMANENT), significant("t", TEMPORARY),
		significant("n", TRANSIENT), NULL);

	root->auto_shutdown = SPEC_ANY_SIGNIFICANT;
	begin(root);
	crash("/r/a");
	is("/r", NODE_RUNNING);
	is_gone("/r/t");
	is("/r/n", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(verdict_stop_of_a_significant_child_triggers)
{
	begin_significant(SPEC_ANY_SIGNIFICANT, TRANSIENT);
	crash_with("/r/s/x", NODE_VERDICT_STOP, 0);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

START_TEST(auto_shutdown_propagates_iff_significant)
{
	for (int propagates = 0; propagates <= 1; propagates++) {
		struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 5, significant("x", TRANSIENT), NULL);
		s->auto_shutdown = SPEC_ANY_SIGNIFICANT;
		s->restart = TRANSIENT;
		s->significant = propagates;
		struct spec *root = sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), s, NULL);
		root->auto_shutdown = SPEC_ANY_SIGNIFICANT;
		begin(root);
		ends("/r/s/x", NODE_END_NORMAL);
		if (propagates)
			has_ended(TREE_AUTO_SHUTDOWN, "/r/s/x");
		else
			is("/r", NODE_RUNNING);
		finish();
	}
}
END_TEST

/* A significant child that is done before its siblings are up. */
START_TEST(auto_shutdown_during_the_start)
{
	struct spec *root =
		sup("r", SPEC_ONE_FOR_ONE, 1, significant("x", TRANSIENT), actor("b", PERMANENT), NULL);

	root->auto_shutdown = SPEC_ANY_SIGNIFICANT;
	starts("b", HANGS_STARTING, -1);
	begin(root);
	ends("/r/x", NODE_END_NORMAL);
	did("+x +b -b");
	has_ended(TREE_AUTO_SHUTDOWN, "/r/x");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("strategy_significant");

	TEST_CASE(suite, "auto-shutdown", 30, any_significant, all_significant, all_significant_temporary,
		last_own_end_while_a_supervisor_comes_down_does_not_trigger, terminate_does_not_trigger,
		last_own_end_after_a_terminate_triggers, last_own_end_while_another_is_terminated_triggers,
		last_own_end_while_another_is_restarted_does_not_trigger,
		significant_bystander_does_not_trigger, verdict_stop_of_a_significant_child_triggers,
		auto_shutdown_propagates_iff_significant, auto_shutdown_during_the_start);
	return suite;
}
