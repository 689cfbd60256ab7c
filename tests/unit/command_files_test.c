/* command_files_test.c: the commands that read files, with and without a supervisor: crashes, logs, check. */
#include "command_world.h"

/* Where that tree keeps such things, also when nobody runs it. */
static void
write_in(const char *tree, const char *folder, const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", run_directory, tree);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", run_directory, tree, folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s/%s", run_directory, tree, folder, file);
	FILE *stream = fopen(path, "we");
	fputs(text, stream);
	fclose(stream);
}

static void
write_below(const char *folder, const char *file, const char *text)
{
	write_in("shop", folder, file, text);
}

/* --- crashes --- */

static void
write_crash(const char *file, const char *text)
{
	write_below("crashes", file, text);
}

START_TEST(crashes_are_read_without_a_tree)
{
	ck_assert_int_eq(tractor("crashes"), CONTROL_NO_TREE);
	write_crash("b-2.json",
		"{\"schema_version\":1,\"id\":\"b-2\",\"path\":\"/shop/db\",\"time\":1500,\"cause\":\"signal\",\"signal\":\"SIGSEGV\","
		"\"message\":{\"protocol\":\"counter\",\"name\":\"get\",\"fields\":{}},\"verdict\":\"default\","
		"\"panic_text\":\"\",\"sender\":null,\"log_tail\":[\"last \\u001b[2J words\"],"
		"\"backtrace\":[{\"function\":\"f\",\"offset\":\"0x12\",\"file\":\"f.c\",\"line\":7,\"module\":\"/bin/f\"}]}");
	write_crash("a-1.json",
		"{\"id\":\"a-1\",\"path\":\"/shop/db\",\"time\":2500,\"cause\":\"panic\",\"message\":null,\"verdict\":\"stop\"}");
	write_crash("broken.json", "{");
	write_crash(".hidden.json", "{");
	write_crash("other.txt", "{");
	ck_assert_int_eq(tractor("crashes"), 0);
	ck_assert_str_eq(standard_output,
		"ID   TIME                     PATH      CAUSE   IN          MESSAGE      VERDICT\n"
		"b-2  1970-01-01 00:00:01.500  /shop/db  signal  f at f.c:7  counter.get  default\n"
		"a-1  1970-01-01 00:00:02.500  /shop/db  panic   -           -            stop\n");
	expect_in(standard_error, "broken.json is passed over");
	ck_assert_int_eq(tractor("-t shop crashes list --json"), 0);
	ck_assert_str_eq(standard_output,
		"{\"schema_version\":1,\"crashes\":[{\"id\":\"b-2\",\"time\":1500,\"path\":\"/shop/db\",\"cause\":\"signal\","
		"\"top\":\"f at f.c:7\",\"message\":\"counter.get\",\"verdict\":\"default\"},{\"id\":\"a-1\",\"time\":2500,"
		"\"path\":\"/shop/db\",\"cause\":\"panic\",\"top\":null,\"message\":null,\"verdict\":\"stop\"}]}\n");
	ck_assert_int_eq(tractor("crashes show b"), 0);
	expect_in(standard_output,
		"crash b-2\n  in                   f at f.c:7\n  path                 /shop/db\n"
		"  time                 1970-01-01 00:00:01.500\n  cause                signal: SIGSEGV\n");
	expect_in(standard_output, "  log tail\n    last \\x1b[2J words\n");
	expect_in(standard_output, "  backtrace\n    #0 f+0x12 at f.c:7 in /bin/f\n");
	expect_in(standard_output, "  message              counter.get\n  sender               a program\n");
	ck_assert_int_eq(tractor("crashes show b-2 --json"), 0);
	expect_in(standard_output, "{\"schema_version\":1,\"id\":\"b-2\",");
	ck_assert_int_eq(tractor("crashes show b-3"), CONTROL_FAILED);
	expect_in(standard_error, "there is no crash \"b-3\"; did you mean \"b-2\"?");
	ck_assert_int_eq(tractor("crashes show ../../x"), CONTROL_FAILED);
	ck_assert_int_eq(tractor("crashes show"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("crashes shwo x"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"show\"?");
}
END_TEST

/* What the terminal said, "see: tractor crashes show ID", can be copied, whichever trees there are. */
START_TEST(a_crash_says_itself_in_which_tree_it_is)
{
	write_crash("20260101-db-1.json", "{\"id\":\"20260101-db-1\",\"path\":\"/shop/db\",\"time\":1500}");
	write_crash("20260102-db-2.json", "{\"id\":\"20260102-db-2\",\"path\":\"/shop/db\",\"time\":2500}");
	write_in("photo", "crashes", "20260101-thumbs-1.json",
		"{\"id\":\"20260101-thumbs-1\",\"path\":\"/photo/thumbs\",\"time\":3500}");
	write_in("photo", "crashes", "broken.json", "{");
	start_server("demo"); /* another one runs, where nothing has crashed */
	ck_assert_int_eq(tractor("crashes show 20260101-thumbs-1"), 0);
	expect_in(standard_output, "crash 20260101-thumbs-1\n");
	ck_assert_int_eq(tractor("crashes show 20260101-db-1"), 0);
	ck_assert_str_eq(standard_error, "");
	ck_assert_int_eq(tractor("crashes show 20260102"), 0);
	expect_in(standard_output, "crash 20260102-db-2\n");
	ck_assert_int_eq(tractor("crashes show --last"), 0);
	expect_in(standard_output, "crash 20260101-thumbs-1\n");
	ck_assert_int_eq(tractor("crashes show --last -t shop"), 0);
	expect_in(standard_output, "crash 20260102-db-2\n");
	ck_assert_int_eq(tractor("replay 20260102-db-2"), CONTROL_FAILED);
	expect_in(standard_error, "nothing was recorded of 20260102-db-2");
	ck_assert_int_eq(tractor("crashes bundle 20260102-db-2"), CONTROL_FAILED);
	expect_in(standard_error, "nothing was recorded of 20260102-db-2");

	ck_assert_int_eq(tractor("crashes show 20260101"), CONTROL_USAGE);
	ck_assert_str_eq(standard_error,
		"tractor: \"20260101\" can be a crash of several trees: photo, shop; "
		"write more of it, or say which with -t NAME\n");
	ck_assert_int_eq(tractor("crashes show 2026 -t shop"), CONTROL_FAILED);
	expect_in(standard_error, "several crashes begin with \"2026\"; write more of it");
	ck_assert_int_eq(tractor("crashes show 20260101-thumbs-2"), CONTROL_FAILED);
	expect_in(standard_error,
		"there is no crash \"20260101-thumbs-2\"; did you mean \"20260101-thumbs-1\"?");
	ck_assert_int_eq(tractor("crashes show nonsense"), CONTROL_FAILED);
	expect_in(standard_error, "there is no crash \"nonsense\" in any of: ");
	ck_assert_int_eq(tractor("crashes show 20260101-db-1 -t photo"), CONTROL_FAILED);

	ck_assert_int_eq(tractor("crashes rm 20260101-db"), 0);
	ck_assert_int_eq(tractor("crashes show 20260101-db-1"), CONTROL_FAILED);
	stop_servers();
	ck_assert_int_eq(tractor("crashes rm --all"), CONTROL_USAGE); /* of one tree only */
	expect_in(standard_error, "several trees have been running");
}
END_TEST

START_TEST(crashes_of_one_actor)
{
	write_crash(
		"a-1.json", "{\"id\":\"a-1\",\"path\":\"/shop/db\",\"time\":1500,\"fingerprint\":\"0x1\"}");
	write_crash("a-2.json",
		"{\"id\":\"a-2\",\"path\":\"/shop/dbs/b\",\"time\":2500,\"fingerprint\":\"0x1\"}");
	write_crash(
		"a-3.json", "{\"id\":\"a-3\",\"path\":\"/shop/db\",\"time\":3500,\"fingerprint\":\"0x1\"}");
	write_crash(".counts",
		"{\"kinds\":[{\"fingerprint\":\"0x1\",\"full\":\"a-1\",\"count\":9,\"first\":1500}]}");
	write_in("photo", "crashes", "b-1.json", "{\"id\":\"b-1\",\"path\":\"/photo/thumbs\",\"time\":3500}");
	ck_assert_int_eq(tractor("crashes /shop/db"), 0);
	expect_in(standard_output, "a-1 ");
	expect_in(standard_output, "a-3 ");
	ck_assert_ptr_null(strstr(standard_output, "a-2"));
	ck_assert_int_eq(tractor("crashes list /shop/dbs --json"), 0);
	expect_in(standard_output, "{\"schema_version\":1,\"crashes\":[{\"id\":\"a-2\",");
	ck_assert_ptr_null(strstr(standard_output, "a-1"));
	ck_assert_int_eq(tractor("crashes --unique --json /shop/db"), 0);
	expect_in(standard_output, "\"crashes\":[{\"count\":2,\"first\":1500,");
	ck_assert_int_eq(tractor("crashes /photo/thumbs"), 0);
	expect_in(standard_output, "b-1 ");
	ck_assert_int_eq(tractor("crashes /photo/nobody"), 0);
	ck_assert_str_eq(standard_error, "tractor: nothing has crashed at /photo/nobody\n");
	ck_assert_int_eq(tractor("crashes /nonex/db"), CONTROL_NO_TREE);
	expect_in(standard_error, "nothing of a tree \"nonex\" is here; there are: photo, shop\n");
	ck_assert_int_eq(tractor("crashes shop/db"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"/shop/db\"?");
	ck_assert_int_eq(tractor("crashes /shop/db --last"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("crashes /shop/db x"), CONTROL_USAGE);
	expect_in(standard_error, "\"x\" is too much; it is: tractor crashes list [--unique] [PATH]");
}
END_TEST

/* One value too long for a person, cut before a character that would not fit; and a file too large to be a report. */
START_TEST(crashes_that_are_long)
{
	char report[6000], *huge = malloc((4 << 20) + 2);

	snprintf(report, sizeof(report), "{\"id\":\"a\",\"panic_text\":\"%01999d\xc3\xbc%0100d\"}", 0, 0);
	write_crash("a.json", report);
	ck_assert_int_eq(tractor("-t shop crashes show a"), 0);
	expect_in(standard_output, "0... (102 bytes more, with --json)\n");
	ck_assert_ptr_null(strstr(standard_output, "\xc3"));
	ck_assert_int_eq(tractor("-t shop crashes show a --json"), 0);
	expect_in(standard_output, "\xc3\xbc"
				   "000");

	memset(huge, ' ', (4 << 20) + 1);
	huge[0] = '{';
	huge[1] = '}';
	huge[(4 << 20) + 1] = '\0';
	write_crash("huge.json", huge);
	free(huge);
	ck_assert_int_eq(tractor("-t shop crashes"), 0);
	expect_in(standard_error, "huge.json is passed over: it is no file of ordinary size");
}
END_TEST

/* --- logs --- */

/* In the file of `/shop/db`, or another below the tree. */
static void
write_log(const char *file, const char *text)
{
	write_below("logs", file, text);
}

#define LINE(time, incarnation, number, text)                                  \
	"{\"schema_version\":1,\"time\":" #time                                \
	",\"stream\":\"stdout\",\"path\":\"/x\",\"incarnation\":" #incarnation \
	",\"run\":7,\"number\":" #number ",\"text\":\"" text "\"}\n"

START_TEST(logs_are_read_without_a_tree)
{
	ck_assert_int_eq(tractor("logs"), CONTROL_NO_TREE);
	write_log("db.log", LINE(1000, 1, 1, "first") LINE(1004, 2, 3, "third"));
	write_log("web.log", LINE(1002, 1, 1, "\\u001b[2J\\u0000"));
	ck_assert_int_eq(tractor("logs"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n"
					  "1970-01-01 00:00:01.002 /shop/web#1 | \\x1b[2J\\x00\n"
					  "1970-01-01 00:00:01.004 /shop/db#2 * 1 line is missing here\n"
					  "1970-01-01 00:00:01.004 /shop/db#2 | third\n");
	ck_assert_int_eq(tractor("logs -n 1 --json /shop"), 0);
	ck_assert_str_eq(standard_output,
		"{\"schema_version\":1,\"time\":1004,\"stream\":\"stdout\",\"path\":\"/shop/db\",\"incarnation\":2,\"text\":\"third\"}\n");
	ck_assert_int_eq(tractor("logs --previous"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n");
	ck_assert_int_eq(tractor("logs --since 1h"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("logs /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_int_eq(tractor("logs -f"), CONTROL_NO_TREE);
	ck_assert_int_eq(tractor("logs -t shpo"), CONTROL_NO_TREE);
	ck_assert_int_eq(tractor("logs --since soon"), CONTROL_USAGE);
	expect_in(standard_error,
		"--since: \"soon\" is no time; write how long ago, like 10m, or when, like 14:30");
	ck_assert_int_eq(tractor("logs -f --previous"), CONTROL_USAGE);
}
END_TEST

START_TEST(what_is_said_of_trees_that_do_not_run)
{
	ck_assert_int_eq(tractor("logs -t shop"), CONTROL_NO_TREE);
	ck_assert_str_eq(standard_error,
		"tractor: nothing of a tree \"shop\" is here; start one with: tractor run FILE\n");
	write_crash("a-1.json", "{\"id\":\"a-1\",\"path\":\"/shop/db\",\"time\":1500}");
	ck_assert_int_eq(tractor("logs -t shop"), 0);
	ck_assert_str_eq(standard_error, "tractor: nothing has been printed in \"shop\"\n");
	ck_assert_int_eq(tractor("logs"), 0);
	ck_assert_str_eq(standard_error, "tractor: nothing has been printed in \"shop\"\n");
	ck_assert_int_eq(tractor("logs /shop/db"), CONTROL_NO_ACTOR);
	expect_in(standard_error, "nothing that /shop/db printed is there, and the tree does not run");
	write_in("photo", "logs", "thumbs.log", LINE(1000, 1, 1, "first"));
	ck_assert_int_eq(tractor("crashes -t photo"), 0);
	ck_assert_str_eq(standard_error, "tractor: nothing has crashed in \"photo\"\n");
	ck_assert_int_eq(tractor("crashes -t photo --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"crashes\":[]}\n");
	ck_assert_int_eq(tractor("crashes show a-2 -t photo"), CONTROL_FAILED);
	ck_assert_int_eq(tractor("replay --last -t photo"), CONTROL_FAILED);
	expect_in(standard_error, "nothing has crashed in \"photo\"");
	ck_assert_int_eq(tractor("crashes -t nonex"), CONTROL_NO_TREE);
	ck_assert_str_eq(
		standard_error, "tractor: nothing of a tree \"nonex\" is here; there are: photo, shop\n");
	ck_assert_int_eq(tractor("crashes -t phto"), CONTROL_NO_TREE);
	expect_in(standard_error, "nothing of a tree \"phto\" is here; did you mean \"photo\"?");
	ck_assert_int_eq(tractor("logs -t nonex"), CONTROL_NO_TREE);
	expect_in(standard_error, "nothing of a tree \"nonex\" is here; there are: photo, shop\n");
	ck_assert_int_eq(tractor("logs /nonex/db"), CONTROL_NO_TREE);
	expect_in(standard_error, "nothing of a tree \"nonex\" is here; there are: photo, shop\n");
	ck_assert_int_eq(tractor("status -t photo"), CONTROL_NO_TREE);
	expect_in(standard_error, "no tree \"photo\" is running; start one with");
	/* What the last report leaves is nothing, and so is the tree. */
	ck_assert_int_eq(tractor("crashes rm --all -t shop"), 0);
	ck_assert_int_eq(tractor("crashes -t shop"), CONTROL_NO_TREE);
	ck_assert_int_eq(tractor("crashes rm --all -t photo"), 0);
	ck_assert_int_eq(tractor("crashes -t photo"), 0);
}
END_TEST

/* A clock that was set back does not turn an actor's lines around. */
START_TEST(logs_are_in_the_order_of_each_actor)
{
	write_log("db.log",
		LINE(1000, 1, 1, "a") LINE(500, 1, 2, "b") LINE(1000, 1, 3, "c") LINE(1001, 1, 4, "d"));
	write_log("web.log", LINE(700, 1, 1, "w") LINE(1000, 1, 2, "x"));
	ck_assert_int_eq(tractor("logs"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:00.700 /shop/web#1 | w\n"
					  "1970-01-01 00:00:01.000 /shop/db#1 | a\n"
					  "1970-01-01 00:00:00.500 /shop/db#1 | b\n"
					  "1970-01-01 00:00:01.000 /shop/db#1 | c\n"
					  "1970-01-01 00:00:01.000 /shop/web#1 | x\n"
					  "1970-01-01 00:00:01.001 /shop/db#1 | d\n");
}
END_TEST

START_TEST(logs_from_files_and_from_the_supervisor)
{
	start_server("shop");
	write_log("db.log", LINE(1000, 1, 1, "first") LINE(1001, 1, 2, "second") LINE(1003, 2, 4, "fourth"));
	write_log("gone.log", LINE(999, 1, 1, "from one who is no more"));
	ck_assert_int_eq(tractor("logs /shop/db"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n"
					  "1970-01-01 00:00:01.001 /shop/db#1 | second\n"
					  "1970-01-01 00:00:01.003 /shop/db#2 * 1 line is missing here\n"
					  "1970-01-01 00:00:01.003 /shop/db#2 | fourth\n"
					  "1970-01-01 00:00:01.004 /shop/db#2 * fifth\n");
	ck_assert_int_eq(tractor("logs -f -n 1 /shop/db"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.004 /shop/db#2 * fifth\n"
					  "1970-01-01 00:00:01.006 /shop/db#2 | sixth\n");
	ck_assert_int_eq(tractor("logs --previous /shop/db"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n"
					  "1970-01-01 00:00:01.001 /shop/db#1 | second\n");
	ck_assert_int_eq(tractor("logs /shop/nobody"), CONTROL_NO_ACTOR);
	expect_in(standard_error, "no such actor: /shop/nobody");
	/* The supervisor doesn't know it any more, but it has left its log. */
	write_log("nobody.log", LINE(999, 1, 1, "here I was"));
	ck_assert_int_eq(tractor("logs /shop/nobody"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:00.999 /shop/nobody#1 | here I was\n");
	ck_assert_str_eq(standard_error, "");
	ck_assert_int_eq(tractor("logs -f /shop/nobody"), CONTROL_NO_ACTOR);
}
END_TEST

/* --- check --- */

START_TEST(checking_a_file)
{
	char path[128], words[256];

	snprintf(path, sizeof(path), "%s/tree.yaml", run_directory);
	FILE *stream = fopen(path, "we");
	fputs("name: shop\nchildren:\n  - actor: db\n    exec: /bin/true\n  - supervisor: workers\n    children:\n      - actor: one\n        exec: "
	      "/bin/true\n        restart: transient\n",
		stream);
	fclose(stream);
	snprintf(words, sizeof(words), "check %s", path);
	ck_assert_int_eq(tractor(words), 0);
	expect_in(standard_output, "PATH               KIND        RESTART    RUNS\n");
	expect_in(standard_output, "/shop/workers/one  actor       transient  ");
	strcat(words, " --json");
	ck_assert_int_eq(tractor(words), 0);
	expect_in(standard_output,
		"{\"schema_version\":1,\"ok\":true,\"name\":\"shop\",\"root\":{\"path\":\"/shop\"");

	stream = fopen(path, "we");
	fputs("name: shop\nstrategy: one_for_nobody\nchilds: []\n", stream);
	fclose(stream);
	ck_assert_int_eq(tractor(words), CONTROL_BAD_FILE);
	expect_in(standard_output, "\"ok\":false");
	expect_in(standard_output, "\"line\":2");
	snprintf(words, sizeof(words), "check %s", path);
	ck_assert_int_eq(tractor(words), CONTROL_BAD_FILE);
	ck_assert_str_eq(standard_output, "");
	expect_in(standard_error, "tree.yaml:2:");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("command files");

	WORLD_CASE(suite, "crashes", crashes_are_read_without_a_tree, a_crash_says_itself_in_which_tree_it_is,
		crashes_of_one_actor, crashes_that_are_long);
	WORLD_CASE(suite, "logs", logs_are_read_without_a_tree, what_is_said_of_trees_that_do_not_run,
		logs_are_in_the_order_of_each_actor, logs_from_files_and_from_the_supervisor);
	WORLD_CASE(suite, "check", checking_a_file);
	return suite;
}
