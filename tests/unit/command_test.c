/* command_test.c: the commands that talk to a tree: which one, what it is asked, and how what it says is printed. */
#include <tractor/version.h>

#include "command_world.h"

START_TEST(no_tree)
{
	ck_assert_int_eq(tractor("status"), CONTROL_NO_TREE);
	expect_in(standard_error, "tractor: no tree is running; start one with: tractor run FILE\n");
	ck_assert_str_eq(standard_output, "");
	/* what a killed supervisor left does not count */
	start_server("shop");
	stop_servers();
	ck_assert_int_eq(tractor("status"), CONTROL_NO_TREE);
	ck_assert_int_eq(tractor("-t shop status"), CONTROL_NO_TREE);
	expect_in(standard_error, "no tree \"shop\" is running; start one");
}
END_TEST

START_TEST(which_tree)
{
	start_server("shop");
	ck_assert_int_eq(tractor("status"), 0); /* the only one */
	start_server("demo");
	ck_assert_int_eq(tractor("status"), CONTROL_USAGE);
	expect_in(standard_error, "several trees are running: demo, shop; say which with -t NAME");
	ck_assert_int_eq(tractor("-t shop version --json"), 0);
	expect_in(standard_output, "\"name\":\"shop\"");
	setenv("TRACTOR_TREE", "demo", 1);
	ck_assert_int_eq(tractor("version --json"), 0);
	expect_in(standard_output, "\"name\":\"demo\"");
	unsetenv("TRACTOR_TREE");
	ck_assert_int_eq(tractor("ask /demo/x counter.get"), 0); /* by its path */
	ck_assert_int_eq(tractor("-t shpo status"), CONTROL_NO_TREE);
	expect_in(standard_error, "no tree \"shpo\" is running; did you mean \"shop\"?");
	ck_assert_int_eq(tractor("-t demo status /shop/nobody"), CONTROL_NO_ACTOR);
	expect_in(
		standard_error, "no such actor: /shop/nobody (asked the tree \"demo\"; -t chooses another)");
	ck_assert_int_eq(tractor("status shop/db"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"/shop/db\"?");
}
END_TEST

START_TEST(the_trees_of_another_user)
{
	static const char *const words[] = { "status", "-t shop status", "crashes", "crashes show x", "logs",
		"logs /shop/db" };

	if (geteuid() != 0)
		return;
	start_server("shop");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int how;
		pid_t child = fork();
		if (child == 0) {
			bool good = setuid(65534) == 0 && tractor(words[i]) == CONTROL_NOT_ALLOWED &&
				    strstr(standard_error, "another user's") != NULL;
			_exit(good ? 0 : 1);
		}
		ck_assert_int_eq(waitpid(child, &how, 0), child);
		ck_assert_msg(how == 0, "%s", words[i]);
	}
}
END_TEST

START_TEST(status)
{
	start_server("shop");
	ck_assert_int_eq(tractor("status"), 0);
	ck_assert_str_eq(standard_output,
		"PATH       STATE     PID  INC  RESTARTS  UPTIME  MAILBOX  WHY\n"
		"/shop      running     -    1         0   1m21s        -  one_for_one\n"
		"/shop/db   running  4711    2         1   512ms       17  last exit: SIGSEGV\n"
		"/shop/web  waiting     -    9         8       -        0  last exit: exit 3: it said \\x1b[31mno\\u202e; next attempt in 1.2s\n");
	ck_assert_int_eq(tractor("status --json"), 0);
	expect_in(standard_output,
		"{\"schema_version\":1,\"name\":\"shop\",\"root\":{\"path\":\"/shop\",\"kind\":\"supervisor\"");
	expect_in(standard_output, "\\u001b[31mno\\u202e\"}]}}\n");
	ck_assert_int_eq(tractor("status /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_str_eq(standard_error, "tractor: no such actor: /shop/nobody\n");
}
END_TEST

START_TEST(talking)
{
	start_server("shop");
	ck_assert_int_eq(tractor("ask /shop/counter counter.get"), 0);
	ck_assert_str_eq(standard_output, "{\"total\":4}\n");
	ck_assert_int_eq(tractor("ask /shop/counter counter.get --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"reply\":{\"total\":4}}\n");
	ck_assert_int_eq(tractor("ask /shop/counter echo {\"by\":3} --timeout 7s"), 0);
	expect_in(standard_output, "\"message\":\"echo\"");
	expect_in(standard_output, "\"fields\":{\"by\":3}");
	expect_in(standard_output, "\"path\":\"/shop/counter\"");
	expect_in(standard_output, "\"timeout_ms\":7000");
	ck_assert_int_eq(tractor("tell /shop/counter counter.increment {\"by\":3}"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("tell /shop/counter counter.increment --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"ok\":true}\n");
	ck_assert_int_eq(tractor("ask /shop/counter late --timeout 20ms"), CONTROL_TIMED_OUT);
	ck_assert_str_eq(standard_error, "tractor: no reply within 20 ms\n");
	ck_assert_int_eq(tractor("ask /shop/counter death"), CONTROL_NO_ANSWER);
	expect_in(standard_error, "went away in the middle of its answer");
}
END_TEST

START_TEST(fields_that_are_none)
{
	ck_assert_int_eq(tractor("tell /a b.c {\"by\":"), CONTROL_USAGE);
	expect_in(standard_error, "the fields are not JSON");
	ck_assert_int_eq(tractor("tell /a b.c [1]"), CONTROL_USAGE);
	expect_in(standard_error, "must be a JSON object");
	ck_assert_int_eq(tractor("tell /a b.c {\"a\":1,\"a\":2}"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("tell /a b.c {\"a\":18446744073709551615}"), CONTROL_USAGE);
	expect_in(standard_error, "above 9223372036854775807 as a string");
	ck_assert_int_eq(tractor("tell /a b.c {\"a\":\"\\u0000\"}"), CONTROL_USAGE);
	expect_in(standard_error, "there can be no \\u0000 in one (column ");
	ck_assert_int_eq(tractor("tell /a \xff {}"), CONTROL_USAGE);
}
END_TEST

START_TEST(fields_from_standard_input)
{
	start_server("shop");
	FILE *input = tmpfile();
	int was = dup(STDIN_FILENO);

	fputs("{\"by\":\n 3}\n", input);
	rewind(input);
	dup2(fileno(input), STDIN_FILENO);
	ck_assert_int_eq(tractor("ask /shop/counter echo -"), 0);
	expect_in(standard_output, "\"fields\":{\"by\":3}");
	dup2(was, STDIN_FILENO);
	close(was);
	fclose(input);
}
END_TEST

START_TEST(a_supervisor_that_does_not_answer)
{
	start_server("shop");
	ck_assert_int_eq(tractor("ask /shop/counter silence --timeout 1ms"), CONTROL_NO_ANSWER);
	expect_in(standard_error, "the supervisor of \"shop\" (process ");
}
END_TEST

START_TEST(listing_and_following)
{
	start_server("shop");
	ck_assert_int_eq(tractor("messages /shop/db"), 0);
	ck_assert_str_eq(standard_output, "ask counter.get {} -> counter_total {int64 total}\n");
	ck_assert_int_eq(tractor("messages /shop/mute"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_str_eq(standard_error, "tractor: /shop/mute understands no messages\n");
	ck_assert_int_eq(tractor("events"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 crashed /shop/db#2 SIGSEGV\\nin \\x01\n"
					  "1970-01-01 00:00:01.001 stopped \n");
	ck_assert_int_eq(tractor("events /shop"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 crashed /shop/db#2 SIGSEGV\\nin \\x01\n");
	ck_assert_int_eq(tractor("events /shop/d"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("events -f --json"), 0);
	expect_in(standard_output, "{\"schema_version\":1,\"time\":1000,\"event\":\"crashed\"");
	expect_in(standard_output, "{\"schema_version\":1,\"time\":1001,");
}
END_TEST

START_TEST(steering)
{
	start_server("shop");
	ck_assert_int_eq(tractor("start /shop/db"), 0);
	ck_assert_int_eq(tractor("stop /shop/db --timeout 1s"), 0);
	ck_assert_int_eq(tractor("restart /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_int_eq(tractor("down --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"ok\":true}\n");
	ck_assert_int_eq(tractor("inject /shop/db exit:7 --at counter.increment:3"), CONTROL_FAILED);
	expect_in(standard_error,
		"{\"at\":\"counter.increment:3\",\"command\":\"inject\",\"fault\":\"exit:7\","
		"\"path\":\"/shop/db\",\"schema_version\":1}");
	ck_assert_int_eq(
		tractor("inject /shop/db segv --at counter.get --probability 0.25 --seed 7"), CONTROL_FAILED);
	expect_in(standard_error, "\"probability\":0.25,\"schema_version\":1,\"seed\":7}");
}
END_TEST

START_TEST(children_and_their_specs)
{
	start_server("shop");
	ck_assert_int_eq(tractor("children"), 0);
	ck_assert_str_eq(standard_output,
		"PATH      KIND        STATE     PID  INC  RESTART    RESTARTS  LAST EXIT\n"
		"/shop/db  actor       running  4711    2  permanent         1  SIGSEGV\n"
		"/shop/s   supervisor  stopped     -    -  -                 -  -\n"
		"-         -           -           -    -  -                 -  -\n"
		"2 specs, 1 active, 1 supervisor, 1 worker\n");
	ck_assert_int_eq(tractor("children /shop --json"), 0);
	expect_in(standard_output, "{\"schema_version\":1,\"path\":\"/shop\",\"children\":[");
	ck_assert_int_eq(tractor("children /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_int_eq(tractor("spec /shop/db"), 0);
	ck_assert_str_eq(standard_output,
		"# runs in /srv/\\x1b\nactor: db\nargs: {\"a:\": \"null\", b: \"x y\"}\nwords: [\"-x\", \"\", 1, true]\n"
		"backoff: {factor: 2.0, max: 30s}\n");
	ck_assert_int_eq(tractor("spec --json /shop/db"), 0);
	expect_in(standard_output, "\"spec\":{\"actor\":\"db\",");
}
END_TEST

START_TEST(adding_and_deleting)
{
	char here[256], wanted[512];

	start_server("shop");
	ck_assert_int_eq(tractor("add /shop {actor:a}"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("add /shop {actor:a} --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"ok\":true}\n");
	ck_assert_int_eq(tractor("add /shop bad"), CONTROL_BAD_FILE);
	ck_assert_str_eq(standard_output, "");
	ck_assert_str_eq(
		standard_error, "SPEC:1:2: not \\x1b good\ntractor: nothing was added: SPEC has 1 error\n");
	ck_assert_int_eq(tractor("add /shop bad --json"), CONTROL_BAD_FILE);
	expect_in(standard_output, "\"ok\":false");
	ck_assert_int_eq(tractor("add /shop echo"), CONTROL_FAILED);
	snprintf(wanted, sizeof(wanted),
		"{\"command\":\"add\",\"directory\":\"%s\",\"path\":\"/shop\",\"schema_version\":1,\"spec\":\"echo\"}",
		getcwd(here, sizeof(here)));
	expect_in(standard_error, wanted);
	ck_assert_int_eq(tractor("add /shop \xff"), CONTROL_USAGE);
	expect_in(standard_error, "the spec is not UTF-8");
	ck_assert_int_eq(tractor("add /shop"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("delete /shop/db"), 0);
	ck_assert_int_eq(tractor("delete /shop/nobody"), CONTROL_NO_ACTOR);
}
END_TEST

START_TEST(scaling)
{
	static const char *const none[] = { "-1", "x", "1.5", "1000001", "99999999999", "3x" };
	char words[64];

	start_server("shop");
	ck_assert_int_eq(tractor("scale /shop/p 1"), 0);
	ck_assert_str_eq(standard_output, "started /shop/p/p-1\nstopped -\n/shop/p has 1 member\n");
	ck_assert_int_eq(tractor("scale /shop/p 1 --json"), 0);
	expect_in(standard_output, "\"started\":[\"/shop/p/p-1\"]");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(words, sizeof(words), "scale /shop/p -- %s", none[i]);
		ck_assert_int_eq(tractor(words), CONTROL_USAGE);
		expect_in(standard_error, "how many members?");
	}
}
END_TEST

START_TEST(faults_that_are_none)
{
	ck_assert_int_eq(tractor("inject /shop/db segv --probability 0.5"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x --probability 0"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x --probability 1.5"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x --seed -1"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db sevg"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"segv\"?");
	ck_assert_int_eq(tractor("inject /shop/db exit:256"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db exit:"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db exit:-1"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x:0"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at :1"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x:y"), CONTROL_USAGE);
}
END_TEST

START_TEST(version)
{
	ck_assert_int_eq(tractor("version"), 0);
	ck_assert_str_eq(standard_output, "tractor " TRACTOR_VERSION "\n");
	ck_assert_int_eq(tractor("--version"), 0);
	ck_assert_int_eq(tractor("version --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"version\":\"" TRACTOR_VERSION "\"}\n");
	start_server("shop");
	ck_assert_int_eq(tractor("-t shop version"), 0);
	ck_assert_str_eq(standard_output, "tractor " TRACTOR_VERSION "\nsupervisor 9.9.9\n");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("command");

	WORLD_CASE(suite, "tree", no_tree, which_tree, the_trees_of_another_user, status, talking,
		fields_that_are_none, fields_from_standard_input, a_supervisor_that_does_not_answer,
		listing_and_following, steering, children_and_their_specs, adding_and_deleting, scaling,
		faults_that_are_none, version);
	return suite;
}
