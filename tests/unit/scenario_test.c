/* scenario_test.c: files of scenarios, good and bad: what is taken, and each error with its place; YAML values as JSON; and what of a reply is compared. */
#include "scenariofile.h"
#include "scenariomatch.h"
#include "treefile_world.h"

static tractor_err
load(const char *text, struct treefile_report *report, struct scenario_file *ret_file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/s.yaml", directory);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	tractor_err err = scenario_load(path, report, ret_file);
	unlink(path);
	return err;
}

static struct scenario_file
load_good(const char *text)
{
	struct treefile_report report;
	struct scenario_file file;
	tractor_err err = load(text, &report, &file);

	treefile_report_print(&report, "s.yaml", stderr);
	ck_assert_int_eq(err, TRACTOR_OK);
	treefile_report_free(&report);
	return file;
}

/* --- what is taken --- */

START_TEST(every_step_is_taken)
{
	struct scenario_file file = load_good(
		"tree: wide.yaml\n"
		"within: 3s\n"
		"steps:\n"
		"  - inject: {path: /shop/db, fault: \"slow:50\", at: after:db.get, probability: 0.5, seed: 7}\n"
		"  - tell: {to: /shop/p/any, message: db.put, fields: {a: [1, -2, 2.5], b: {c: \"3\", d: x}}, times: 4}\n"
		"  - ask:\n"
		"      to: /shop/s/c\n"
		"      message: db.get\n"
		"      fails: TRACTOR_ECRASHED\n"
		"      within: 250ms\n"
		"  - expect_restarted: {path: /shop/db, cause: exit 3, incarnation: 2}\n"
		"  - expect_untouched: [/shop/s, /shop/db]\n"
		"  - expect_untouched: /shop/p\n"
		"  - expect_escalated: /shop\n"
		"  - expect_escalated: {path: /shop/s, within: 1m}\n"
		"  - expect_healthy\n"
		"  - expect_healthy: {within: 1s}\n"
		"  - expect_nothing_lost\n"
		"  - expect_nothing_lost:\n");
	static const char *const texts[] = {
		"inject /shop/db slow:50 at after:db.get with probability 0.5, seed 7",
		"tell /shop/p/any db.put",
		"ask /shop/s/c db.get",
		"expect_restarted /shop/db",
		"expect_untouched /shop/s",
		"expect_untouched /shop/db",
		"expect_untouched /shop/p",
		"expect_escalated /shop",
		"expect_escalated /shop/s",
		"expect_healthy",
		"expect_healthy",
		"expect_nothing_lost",
		"expect_nothing_lost",
	};

	ck_assert_uint_eq(file.count, 1);
	const struct scenario *scenario = &file.items[0];
	ck_assert_str_eq(scenario->name, "s.yaml");
	ck_assert_str_eq(scenario->tree.path, world_path("wide.yaml"));
	ck_assert_int_eq(scenario->within_ns, 3 * SPEC_SECOND);
	ck_assert(!scenario->everywhere);
	ck_assert_uint_eq(scenario->steps.count, sizeof(texts) / sizeof(texts[0]));
	for (size_t i = 0; i < scenario->steps.count; i++) {
		char *text = scenario_step_text(&scenario->steps.items[i]);
		ck_assert_str_eq(text, texts[i]);
		free(text);
	}
	const struct step *tell = &scenario->steps.items[1], *ask = tell + 1, *restarted = tell + 2;
	char *fields = json_dumps(tell->fields, JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(fields, "{\"a\":[1,-2,2.5],\"b\":{\"c\":\"3\",\"d\":\"x\"}}");
	free(fields);
	ck_assert_uint_eq(tell->times, 4);
	ck_assert_int_eq(tell->line, 5);
	ck_assert_int_eq(tell->column, 5);
	ck_assert_int_eq(ask->fails, TRACTOR_ECRASHED);
	ck_assert_int_eq(ask->within_ns, 250 * SPEC_MILLISECOND);
	ck_assert_str_eq(restarted->cause, "exit 3");
	ck_assert_uint_eq(restarted->incarnation, 2);
	scenario_free(&file);
}
END_TEST

START_TEST(several_with_defaults)
{
	struct scenario_file file =
		load_good("scenarios:\n" /* before the defaults, which are theirs all the same */
			  "  - {name: one, steps: [expect_healthy]}\n"
			  "  - name: two\n"
			  "    tree: tree.yaml\n"
			  "    within: 1s\n"
			  "    crash_everywhere:\n"
			  "      actors: [/shop/db]\n"
			  "      fault: segv\n"
			  "      workload: [{tell: {to: /shop/db, message: db.put}}]\n"
			  "      check: [{ask: {to: /shop/db, message: db.get, reply: {a: 1}}}]\n"
			  "tree: wide.yaml\n");
	const struct scenario *one = &file.items[0], *two = one + 1;

	ck_assert_uint_eq(file.count, 2);
	ck_assert_str_eq(one->name, "one");
	ck_assert_str_eq(one->tree.path, world_path("wide.yaml"));
	ck_assert_int_eq(one->within_ns, SCENARIO_WITHIN_NS);
	ck_assert_str_eq(two->tree.path, world_path("tree.yaml"));
	ck_assert_int_eq(two->within_ns, SPEC_SECOND);
	ck_assert(two->everywhere);
	ck_assert_uint_eq(two->actor_count, 1);
	ck_assert_str_eq(two->fault, "segv");
	ck_assert_uint_eq(two->workload.count, 1);
	ck_assert_uint_eq(two->check.count, 1);
	scenario_free(&file);
}
END_TEST

/* A value of `fields`, and the JSON that it is. */
START_TEST(values_as_json)
{
	static const char *const values[][2] = {
		{ "0", "0" },
		{ "-7", "-7" },
		{ "007", "\"007\"" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "18446744073709551615", "\"18446744073709551615\"" },
		{ "0.25", "0.25" },
		{ "-1e3", "-1000.0" },
		{ "1e999", "\"1e999\"" },
		{ "1.", "\"1.\"" },
		{ "+1", "\"+1\"" },
		{ "0x10", "\"0x10\"" },
		{ "NaN", "\"NaN\"" },
		{ "true", "true" },
		{ "\"true\"", "\"true\"" },
		{ "yes", "\"yes\"" },
		{ "null", "null" },
		{ "", "null" },
		{ "\"\"", "\"\"" },
		{ "'7'", "\"7\"" },
		{ "[]", "[]" },
		{ "{}", "{}" },
		{ "a b", "\"a b\"" },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char text[256], expected[64];
		snprintf(text, sizeof(text),
			"tree: wide.yaml\nsteps:\n- tell:\n    to: /shop/db\n    message: a.b\n    fields:\n      v: %s\n",
			values[i][0]);
		struct scenario_file file = load_good(text);
		snprintf(expected, sizeof(expected), "{\"v\":%s}", values[i][1]);
		char *json = json_dumps(file.items[0].steps.items[0].fields, JSON_COMPACT);
		ck_assert_str_eq(json, expected);
		free(json);
		scenario_free(&file);
	}
}
END_TEST

/* --- what is wrong --- */

static void
expect_bad(const struct bad *bad)
{
	struct treefile_report report;
	struct scenario_file file;
	char *text = expand(bad->text);

	tractor_err err = load(text, &report, &file);
	expect_report(&report, "s.yaml", text, bad->expected);
	ck_assert_int_eq(err, TRACTOR_EINVAL);
	treefile_report_free(&report);
	free(text);
}

#define EXPECT_BAD(table)                                             \
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) \
	expect_bad(&table[i])

#define STEPS(steps) "tree: wide.yaml\nsteps:\n" steps

START_TEST(bad_files)
{
	static const struct bad table[] = {
		{ "", { "1:1: s.yaml is empty; it needs a tree and steps" } },
		{ "- a\n", { "1:1: found a list; a file of scenarios is a mapping" } },
		{ "steps: [expect_healthy]\n", { "1:1: which tree? add its file" } },
		{ "tree: wide.yaml\n", { "1:1: it does nothing; add steps, or crash_everywhere" } },
		{ "tree: wide.yaml\nstesp: [expect_healthy]\n",
			{ "2:1: unknown key \"stesp\" in the file; did you mean \"steps\"?" } },
		{ "tree: wide.yaml\nsteps: []\n", { "2:8: steps: is empty; write a list of steps" } },
		{ "tree: wide.yaml\nsteps: expect_healthy\n",
			{ "2:8: steps: found the text \"expect_healthy\"; write a list of steps" } },
		{ "tree: none.yaml\nsteps: [expect_healthy]\n",
			{ "1:7: tree: $D/none.yaml: can't be read: No such file" } },
		{ "tree: bad.yaml\nsteps: [expect_healthy]\n", { "1:7: tree: $D/bad.yaml:2:30: exec: " } },
		{ "tree: [a]\nsteps: [expect_healthy]\n", { "1:7: tree: found a list" } },
		{ "tree: wide.yaml\nwithin: 5\nsteps: [expect_healthy]\n",
			{ "2:9: within: \"5\" has no unit" } },
		{ "tree: wide.yaml\nwithin: 0s\nsteps: [expect_healthy]\n", { "2:9: is too short" } },
		{ "tree: wide.yaml\nscenarios: [{name: a, steps: [expect_healthy]}]\nsteps: [expect_healthy]\n",
			{ "1:1: it has both scenarios and steps of its own" } },
		{ "tree: wide.yaml\nscenarios: []\n", { "2:12: scenarios: is empty" } },
		{ "tree: wide.yaml\nscenarios: {}\n", { "2:12: scenarios: found a mapping" } },
		{ "scenarios: [{steps: [expect_healthy]}, x]\n",
			{ "1:13: which tree?", "1:13: this scenario has no name; add one",
				"1:40: scenarios: found the text \"x\"" } },
		{ "tree: wide.yaml\nscenarios: [{name: a, scenarios: []}]\n",
			{ "2:13: it does nothing",
				"2:23: \"scenarios\" does not belong in a scenario; it belongs in the file" } },
		{ "tree: wide.yaml\nsteps: [expect_healthy]\n---\na: b\n", { "3:1: a second document" } },
	};

	EXPECT_BAD(table);
}
END_TEST

START_TEST(bad_steps)
{
	static const struct bad table[] = {
		{ STEPS("- expect_helthy\n"),
			{ "3:3: there is no step \"expect_helthy\"; did you mean \"expect_healthy\"?" } },
		{ STEPS("- wibble\n"), { "3:3: there is no step \"wibble\"; write inject, tell, ask," } },
		{ STEPS("- injct: {path: /shop/db, fault: segv}\n"),
			{ "3:3: unknown key \"injct\" in steps; did you mean \"inject\"?" } },
		{ STEPS("- tell\n"), { "3:3: tell needs more: write \"- tell: \"" } },
		{ STEPS("- tell:\n  to: /shop/db\n"), { "3:3: a step has one key, " } },
		{ STEPS("- {}\n"), { "3:3: a step has one key, " } },
		{ STEPS("- [a]\n"), { "3:3: found a list; write a step, like expect_healthy" } },
		{ STEPS("- inject: segv\n"), { "3:11: inject: found the text \"segv\"; write a fault" } },
		{ STEPS("- inject: {}\n"), { "3:11: whose? add its path", "3:11: which fault?" } },
		{ STEPS("- inject: {path: /shop/bd, fault: sevg, at: x:0}\n"),
			{ "3:18: there is no \"/shop/bd\" in the tree; did you mean /shop/db?",
				"3:35: fault: there is no fault \"sevg\"", "3:45: at: a place is" } },
		{ STEPS("- inject: {path: /shop/s, fault: segv}\n"),
			{ "3:18: \"/shop/s\" is a supervisor, not an actor" } },
		{ STEPS("- inject: {path: /shop/db, fault: kill, at: x.y}\n"),
			{ "3:11: kill comes from outside" } },
		{ STEPS("- tell: {to: db, message: a.b}\n"), { "3:14: there is no \"db\" in the tree" } },
		{ STEPS("- tell: {to: /shop/s/d, message: a.b}\n"),
			{ "3:14: there is no \"/shop/s/d\" in the tree; did you mean /shop/s/c?" } },
		{ STEPS("- tell: {to: /shop/p, message: a.b}\n"),
			{ "3:14: \"/shop/p\" is a pool, not an actor" } },
		{ STEPS("- tell: {}\n"), { "3:9: to whom?", "3:9: which message?" } },
		{ STEPS("- tell: {to: /shop/db, message: a.b, reply: {}}\n"),
			{ "3:38: \"reply\" does not belong in tell; it belongs in ask" } },
		{ STEPS("- tell: {to: /shop/db, message: a.b, fields: [1]}\n"),
			{ "3:46: fields: found a list; write names with values" } },
		{ STEPS("- tell: {to: /shop/db, message: a.b, fields: {a: 1, a: 2}}\n"),
			{ "3:53: fields: \"a\" is here twice; remove one" } },
		{ STEPS("- tell: {to: /shop/db, message: a.b, fields: {[a]: 1}}\n"),
			{ "3:47: fields: found a list; write a text" } },
		{ STEPS("- tell: {to: /shop/db, message: a.b, fields: &f {a: *f}}\n"),
			{ "3:46: a: is nested deeper than any message can be" } },
		{ STEPS("- tell: {to: /shop/db, message: a.b, times: 0}\n"),
			{ "3:45: times: \"0\" is out of range" } },
		{ STEPS("- ask: {to: /shop/db, message: a.b, reply: {a: 1}, fails: TRACTOR_ECRASHED}\n"),
			{ "3:8: it has either a reply or an error" } },
		{ STEPS("- ask: {to: /shop/db, message: a.b, fails: TRACTOR_ECRASH}\n"),
			{ "3:44: fails: \"TRACTOR_ECRASH\" is none of its words; did you mean TRACTOR_ECRASHED?" } },
		{ STEPS("- expect_restarted: /shop/db\n"),
			{ "3:21: expect_restarted: found the text \"/shop/db\"; write who and how" } },
		{ STEPS("- expect_restarted: {path: /shop/db}\n"), { "3:21: as which incarnation?" } },
		{ STEPS("- expect_restarted: {path: /shop/db, incarnation: 2, cause: SIGSEVG}\n"),
			{ "3:61: cause: nobody ends by \"SIGSEVG\"" } },
		{ STEPS("- expect_restarted: {path: /shop/db, incarnation: 2, cause: exit}\n"),
			{ "3:61: cause: nobody ends by \"exit\"" } },
		{ STEPS("- expect_escalated: /shop/db\n"),
			{ "3:21: \"/shop/db\" is an actor, not a supervisor" } },
		{ STEPS("- expect_untouched: [/shop/db, /shop/x]\n"), { "3:32: there is no \"/shop/x\"" } },
		{ STEPS("- expect_untouched: &a [*a]\n"), { "3:21: expect_untouched: found a list" } },
		{ STEPS("- expect_healthy: 5s\n"),
			{ "3:19: expect_healthy: found the text \"5s\"; write nothing, or {within: 5s}" } },
		{ STEPS("- expect_nothing_lost: {within: 5s}\n"), { "3:24: it stands alone" } },
		{ STEPS("- &s [*s]\n"), { "3:3: found a list" } },
	};

	EXPECT_BAD(table);
}
END_TEST

#define TELL "{tell: {to: /shop/db, message: a.b}}"

START_TEST(bad_crash_everywhere)
{
	static const struct bad table[] = {
		{ "tree: wide.yaml\ncrash_everywhere: {}\n",
			{ "2:19: what is to be done?", "2:19: what must be so then?" } },
		{ "tree: wide.yaml\ncrash_everywhere: yes\n", { "2:19: found the text \"yes\"" } },
		{ "tree: wide.yaml\nsteps: [expect_healthy]\ncrash_everywhere: {workload: [" TELL
		  "], check: [" TELL "]}\n",
			{ "1:1: it has both steps and crash_everywhere" } },
		{ "tree: wide.yaml\ncrash_everywhere:\n  workload: [expect_healthy]\n  check: [{inject: {path: /shop/db, fault: segv}}]\n",
			{ "3:14: there is no step \"expect_healthy\"; write tell or ask",
				"4:12: \"inject\" does not belong in a workload or a check; it belongs in steps" } },
		{ "tree: wide.yaml\ncrash_everywhere:\n  actors: []\n  fault: kill\n  workload: [" TELL
		  "]\n  check: [" TELL "]\n",
			{ "3:11: actors: has 0 entries", "4:10: fault: kill comes from outside" } },
		{ "tree: wide.yaml\ncrash_everywhere:\n  actors: [/shop/s, /shop/x]\n  workload: [" TELL
		  "]\n  check: [" TELL "]\n",
			{ "3:12: \"/shop/s\" is a supervisor, not an actor",
				"3:21: there is no \"/shop/x\"" } },
	};

	EXPECT_BAD(table);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct treefile_report report;
	struct scenario_file file;

	ck_assert_int_eq(scenario_load("/no/such.yaml", &report, &file), TRACTOR_ESYSTEM);
	ck_assert_str_eq(
		report.errors[0].text, "can't be read: No such file or directory; name a file that can");
	treefile_report_free(&report);
}
END_TEST

/* A file in which some bytes are others is good or bad, and nothing else. The seed is fixed. */
START_TEST(mutilated_files)
{
	static const char text[] =
		"tree: wide.yaml\nwithin: 3s\nscenarios:\n- name: a\n  steps:\n"
		"  - inject: {path: /shop/db, fault: segv, at: db.get:2}\n"
		"  - ask: &x {to: /shop/db, message: db.get, fields: {a: [1, {b: 2}]}, reply: {c: 1.5}}\n"
		"  - ask: *x\n  - expect_healthy\n  - expect_untouched: [/shop]\n"
		"- name: b\n  crash_everywhere: {workload: [{tell: *x}], check: [{ask: *x}], actors: [/shop/db]}\n";
	static const char letters[] = " \n:-,[]{}&*#\"'ax0.";
	uint32_t state = 7;
	char copy[sizeof(text)];

	for (int turn = 0; turn < 1500; turn++) {
		struct treefile_report report;
		struct scenario_file file;
		memcpy(copy, text, sizeof(text));
		for (int i = 0; i <= turn % 4; i++) {
			state = state * 1664525 + 1013904223; /* Numerical Recipes' */
			copy[(state >> 8) % (sizeof(text) - 1)] =
				letters[(state >> 24) % (sizeof(letters) - 1)];
		}
		tractor_err err = load(copy, &report, &file);
		ck_assert(err == TRACTOR_OK ? report.count == 0 : err == TRACTOR_EINVAL && report.count > 0);
		treefile_report_free(&report);
		if (err == TRACTOR_OK)
			scenario_free(&file);
	}
}
END_TEST

/* --- replies --- */

START_TEST(what_is_compared)
{
	static const char *const cases[][3] = {
		/* wanted, got, what is said */
		{ "{}", "{\"a\":1}", "" },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", "" },
		{ "{\"a\":1}", "{\"a\":1.0}", "" },
		{ "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1,\"c\":2}}", "" },
		{ "{\"a\":[{\"b\":1}]}", "{\"a\":[{\"b\":1,\"c\":2}]}", "" },
		{ "{\"a\":null}", "{\"a\":null}", "" },
		{ "{\"a\":1}", "{\"a\":2}", "a: wanted 1, got 2\n" },
		{ "{\"a\":1}", "{\"a\":\"1\"}", "a: wanted 1, got \"1\"\n" },
		{ "{\"a\":1}", "{}", "a.b's reply has no field \"a\"; see: tractor messages\n" },
		{ "{\"madee\":null}", "{\"at\":1,\"made\":3}",
			"a.b's reply has no field \"madee\"; did you mean \"made\"?\n" },
		{ "{\"l\":[{\"amuont\":1}]}", "{\"l\":[{\"amount\":1}]}",
			"a.b's reply has no field \"l[0].amuont\"; did you mean \"amount\"?\n" },
		{ "{\"a\":1.5}", "{\"a\":1}", "a: wanted 1.5, got 1\n" },
		{ "{\"a\":{\"b\":[1,2]}}", "{\"a\":{\"b\":[1,3]}}", "a.b[1]: wanted 2, got 3\n" },
		{ "{\"a\":[1]}", "{\"a\":[1,2]}", "a: wanted [1], got [1,2]\n" },
		{ "{\"a\":{\"b\":1}}", "{\"a\":1}", "a: wanted {\"b\":1}, got 1\n" },
		{ "{\"a\":[]}", "{\"a\":{}}", "a: wanted [], got {}\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *wanted = json_loads(cases[i][0], 0, NULL), *got = json_loads(cases[i][1], 0, NULL);
		char *said = NULL;
		size_t size;
		FILE *stream = open_memstream(&said, &size);
		bool same = scenariomatch("a.b", wanted, got, stream);
		fclose(stream);
		ck_assert_str_eq(said, cases[i][2]);
		ck_assert(same == (size == 0));
		free(said);
		json_decref(wanted);
		json_decref(got);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("scenario");

	WORLD_CASE(suite, "good", 10, every_step_is_taken, several_with_defaults, values_as_json);
	WORLD_CASE(suite, "bad", 10, bad_files, bad_steps, bad_crash_everywhere, a_file_that_is_not_there,
		mutilated_files);
	TEST_CASE(suite, "replies", 10, what_is_compared);
	return suite;
}
