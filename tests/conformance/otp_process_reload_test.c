/*
 * otp_process_reload_test.c: OTP's code_change with real processes: another version of the tree file. A new mode of auto_shutdown and a new
 * flag of a child take effect, a faulty file changes nothing, and whose spec is as before keeps its process.
 */
#include "otp.h"

#define NEVER "never"
#define ANY "any_significant"
#define ALL "all_significant"

/* --- auto_shutdown --- */

/* a and b with their flags, and one that is nobody's concern, under that mode. */
#define PAIR                                                                   \
	"intensity: 5\n"                                                       \
	"auto_shutdown: %s\n"                                                  \
	"children:\n"                                                          \
	"  - {actor: a, exec: ./child, restart: transient, significant: %s}\n" \
	"  - {actor: b, exec: ./child, restart: transient, significant: %s}\n" \
	"  - {actor: plain, exec: ./child}\n"
/* And one that the new file brings. */
#define NEW_C "  - {actor: c, exec: ./child, restart: temporary, significant: true}\n"

static void
begin_pair(const char *mode, const char *flag)
{
	begin_file(PAIR, mode, flag, flag);
	forget_log();
}

#define add_c(...) add(.name = "c", .significant = true, __VA_ARGS__)

static void
c_is_refused(void)
{
	add_fails(TRACTOR_EINVAL, .name = "c", .restart = TRANSIENT, .significant = true);
}

static void
has_shut_down_after(const char *path)
{
	ends(path, "normal");
	has_ended(TRACTOR_OK, "");
	finish();
}

/* Rows: an existing child ends; a child that the new file brings; one that is added after. */
START_TEST(significant_upgrade_never_any)
{
	begin_pair(NEVER, "false");
	ends("/r/b", "normal");
	children("/r", "a running, b stopped, plain running");
	if (_i == 0)
		reload(TRACTOR_OK, PAIR, ANY, "true", "false");
	else
		reload(TRACTOR_OK, _i == 1 ? PAIR NEW_C : PAIR, ANY, "false", "false");
	if (_i == 2)
		add_c(.restart = TEMPORARY);
	children("/r", _i == 0 ? "a running, b stopped, plain running"
			       : "a running, b stopped, plain running, c running");
	did(_i == 0 ? "" : "+c");
	has_shut_down_after(_i == 0 ? "/r/a" : "/r/c");
}
END_TEST

START_TEST(significant_upgrade_any_never)
{
	begin_pair(ANY, "true");
	reload(TRACTOR_OK, PAIR, NEVER, "false", "false");
	ends("/r/a", "normal");
	ends("/r/b", "done");
	children("/r", "a stopped, b stopped, plain running");
	c_is_refused();
	did("");
	finish();
}
END_TEST

START_TEST(significant_upgrade_never_all)
{
	begin_pair(NEVER, "false");
	reload(TRACTOR_OK, PAIR, ALL, "true", "true");
	add_c(.restart = TEMPORARY);
	ends("/r/a", "normal");
	ends("/r/b", "normal");
	children("/r", "a stopped, b stopped, plain running, c running");
	has_shut_down_after("/r/c");
}
END_TEST

START_TEST(significant_upgrade_all_never)
{
	begin_pair(ALL, "true");
	ends("/r/a", "normal");
	reload(TRACTOR_OK, PAIR, NEVER, "false", "false");
	ends("/r/b", "normal");
	children("/r", "a stopped, b stopped, plain running");
	c_is_refused();
	finish();
}
END_TEST

START_TEST(significant_upgrade_any_all)
{
	begin_pair(ANY, "true");
	reload(TRACTOR_OK, PAIR, ALL, "true", "true");
	add_c(.restart = TRANSIENT);
	ends("/r/a", "normal");
	ends("/r/c", "normal");
	children("/r", "a stopped, b running, plain running, c stopped");
	has_shut_down_after("/r/b");
}
END_TEST

START_TEST(significant_upgrade_all_any)
{
	begin_pair(ALL, "true");
	ends("/r/a", "normal");
	/* What ended before was an end under the old mode. */
	reload(TRACTOR_OK, PAIR, ANY, "true", "true");
	children("/r", "a stopped, b running, plain running");
	has_shut_down_after("/r/b");
}
END_TEST

START_TEST(significant_upgrade_child)
{
	begin_file(PAIR, ANY, "false", "true");
	forget_log();
	reload(TRACTOR_OK, PAIR, ANY, "true", "false");
	did(""); /* nobody is restarted for a flag */
	ends("/r/b", "normal");
	children("/r", "a running, b stopped, plain running");
	reload(TRACTOR_EINVAL, PAIR, NEVER, "true", "false");
	has_shut_down_after("/r/a");
}
END_TEST

/* --- code_change --- */

#define TWO "children: [{actor: a, exec: ./child}, {actor: b, exec: ./child, restart: transient}]\n"

static enum tractor_restart
restart_type_of(const char *path)
{
	struct tractor_child_info *info = info_of(path);
	enum tractor_restart restart = info->restart;

	free(info);
	return restart;
}

/* Each of these is refused, and changes nothing. */
static void
faulty_files_are_refused(const char *const *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		reload(TRACTOR_EINVAL, "%s", files[i]);
		ck_assert_contains(tractor_why(), "tree.yaml:");
	}
	did("");
}

START_TEST(code_change)
{
	static const char *const faulty[] = {
		"children: [{actor: a, exec: ./child}, {actor: a, exec: ./child}]\n",
		"intensity: 100001\nchildren: [{actor: c, exec: ./child}]\n",
		"period: -1s\nchildren: [{actor: c, exec: ./child}]\n",
		"strategy: two_for_one\nchildren: [{actor: c, exec: ./child}]\n",
		"children: [{actor: c, exec: ./child, shutdown: -2s}]\n",
		"children: [{actor: c, exec: ./child, restart: always}]\n",
		"children: [{actor: c}]\n",
	};

	begin_file(TWO);
	pid_t a = pid_of("/r/a"), b = pid_of("/r/b");
	forget_log();
	/* OTP's `ignore`: it stays as it is. */
	reload(TRACTOR_OK, TWO);
	did("");
	/* New flags, a new value of a child. */
	reload(TRACTOR_OK,
		"strategy: one_for_all\nintensity: 3\nchildren: [{actor: a, exec: ./child, restart: "
		"temporary}, {actor: b, exec: ./child, restart: transient}]\n");
	did("");
	ck_assert_int_eq(restart_type_of("/r/a"), TEMPORARY);
	ck_assert_int_eq(pid_of("/r/a"), a);
	ck_assert_int_eq(pid_of("/r/b"), b);
	faulty_files_are_refused(faulty, COUNT_OF(faulty));
	ck_assert_int_eq(restart_type_of("/r/a"), TEMPORARY);
	children("/r", "a running, b running");
	crash("/r/b"); /* and now as one_for_all: a is temporary, and ends with it */
	children("/r", "b running");
	did("-a +b");
	reasons("b:abnormal a:shutdown");
	shut_down();
	finish();
}
END_TEST

/* One more, one less, and one with other arguments, which a process has for life: the file says what runs. */
START_TEST(code_change_map)
{
	struct child_value value;

	begin_file(TWO);
	forget_log();
	reload(TRACTOR_OK,
		"children: [{actor: b, exec: ./child, restart: transient, args: {n: \"1\"}}, {actor: "
		"c, exec: ./child}]\n");
	children("/r", "b running, c running");
	did("-b -a +b +c");
	counts("/r", 2, 2, 0, 2);
	reasons("b:shutdown a:shutdown");
	OK(tractor_ask(otp.seed->ctx, ref_of("/r/b"), &value, child_arg, .name = "n"));
	ck_assert_str_eq(value.text, "1");
	is_gone("/r/a");
	/* A child that does not start: it is told, and all else is done. */
	starts("d", "r");
	reload(TRACTOR_ESTART, "children: [{actor: d, exec: ./child}, {actor: c, exec: ./child}]\n");
	ck_assert_contains(tractor_why(), "/r/d");
	children("/r", "d stopped, c running");
	reasons("b:shutdown d:start_failed");
	shut_down();
	finish();
}
END_TEST

#define POOL "children: [{pool: p, exec: ./child%s}]\n"

static void
arg_is(const char *path, const char *name, const char *expected)
{
	struct child_value value;

	OK(tractor_ask(otp.seed->ctx, ref_of(path), &value, child_arg, .name = name));
	ck_assert_str_eq(value.text, expected);
}

START_TEST(code_change_simple)
{
	const char *const own[] = { "own", "7", NULL };

	begin_file(POOL, ", args: {n: \"1\"}");
	add_members("/r/p", 2);
	OK(tractor_start_child(otp.seed->rt, NULL,
		&(struct tractor_child){ .name = "m3", .under = "/r/p", .args = own }, NULL));
	pid_t m2 = pid_of("/r/p/m2"), m3 = pid_of("/r/p/m3");
	forget_log();
	/* Another template: of those who are there, and of those to come. None is restarted for it. */
	reload(TRACTOR_OK, POOL, ", restart: transient, shutdown: 1s, intensity: 3, args: {n: \"2\"}");
	did("");
	OK(add_member("/r/p", "m4"));
	ck_assert_int_eq(restart_type_of("/r/p/m1"), TRANSIENT);
	ck_assert_int_eq(restart_type_of("/r/p/m4"), TRANSIENT);
	arg_is("/r/p/m4", "n", "2");
	arg_is("/r/p/m1", "n", "1");
	ends("/r/p/m4", "normal");
	ends("/r/p/m1", "normal");
	children("/r/p", "m2 running, m3 running");
	/* It counts for restarts, too; what a member was given at its own start is still its own. */
	crash("/r/p/m3");
	children("/r/p", "m2 running, m3 running");
	arg_is("/r/p/m3", "n", "2");
	arg_is("/r/p/m3", "own", "7");
	ck_assert_int_ne(pid_of("/r/p/m3"), m3);
	ck_assert_int_eq(pid_of("/r/p/m2"), m2);
	did("+m4 +m3");
	reasons("m4:normal m1:normal m3:abnormal");
	finish();
}
END_TEST

START_TEST(code_change_simple_map)
{
	static const char *const faulty[] = {
		"children: [{pool: p}]\n",
		"children: [{pool: p, exec: ./child, auto_shutdown: any_significant}]\n",
		"children: [{pool: p, exec: ./child, children: []}]\n",
	};

	begin_file(POOL, "");
	add_members("/r/p", 2);
	forget_log();
	/* It has one template, no children of its own, and its own flags. */
	faulty_files_are_refused(faulty, COUNT_OF(faulty));
	reload(TRACTOR_OK, POOL, ", max: 3");
	did("");
	OK(add_member("/r/p", "m3"));
	FAILS(TRACTOR_EFULL, add_member("/r/p", "m4"));
	children("/r/p", "m1 running, m2 running, m3 running");
	counts("/r/p", 1, 3, 0, 3);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: code_change");
	TCase *rows = tcase_create("rows");

	tcase_set_timeout(rows, 20);
	tcase_add_checked_fixture(rows, scenario_setup, scenario_teardown);
	tcase_add_loop_test(rows, significant_upgrade_never_any, 0, 3);
	suite_add_tcase(suite, rows);
	SCENARIO_CASE(suite, "auto_shutdown", 20, significant_upgrade_any_never,
		significant_upgrade_never_all, significant_upgrade_all_never, significant_upgrade_any_all,
		significant_upgrade_all_any, significant_upgrade_child);
	SCENARIO_CASE(suite, "code_change", 20, code_change, code_change_map, code_change_simple,
		code_change_simple_map);
	return suite;
}
