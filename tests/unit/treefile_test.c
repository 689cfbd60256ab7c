/* treefile_test.c: tree files that are right, from a text and from a file; parts of one; and how a spec is written again. */
#include <errno.h>
#include <stdint.h>

#include "treefile_world.h"
#include "treevalue.h"
#include "treewalk.h"
#include "treewrite.h"

/* --- what is taken --- */

START_TEST(every_key_is_taken)
{
	struct spec *root = parse_good(full);

	ck_assert_int_eq(root->kind, SPEC_SUPERVISOR);
	ck_assert_str_eq(root->name, "shop");
	ck_assert_int_eq(root->strategy, SPEC_REST_FOR_ONE);
	ck_assert_uint_eq(root->intensity, 3);
	ck_assert_int_eq(root->period_ns, 1500 * SPEC_MILLISECOND);
	ck_assert_int_eq(root->auto_shutdown, SPEC_ANY_SIGNIFICANT);
	ck_assert_int_eq(root->policy, SPEC_POLICY_EXEC);
	ck_assert_str_eq(root->policy_argv[0], world_path("policy"));
	ck_assert_str_eq(root->policy_argv[1], "--arg");
	ck_assert_str_eq(root->policy_argv[2], "7");
	ck_assert_ptr_null(root->policy_argv[3]);
	ck_assert_uint_eq(root->child_count, 3);

	const struct spec *db = root->children[0];
	ck_assert_int_eq(db->kind, SPEC_ACTOR);
	ck_assert_str_eq(db->name, "db");
	ck_assert_int_eq(db->line, 8);
	ck_assert_int_eq(db->column, 5);
	ck_assert_str_eq(db->exec, "./db");
	ck_assert_str_eq(db->exec_path, world_path("db"));
	ck_assert_str_eq(db->directory, directory);
	ck_assert_str_eq(db->role, "db_main");
	ck_assert_uint_eq(db->args.count, 5);
	ck_assert_str_eq(spec_pair_get(&db->args, "file"), "data.bin");
	ck_assert_str_eq(spec_pair_get(&db->args, "level"), "1");
	ck_assert_str_eq(spec_pair_get(&db->args, "quick"), "true");
	ck_assert_str_eq(spec_pair_get(&db->args, "empty"), "");
	ck_assert_str_eq(spec_pair_get(&db->args, "nil"), "null");
	ck_assert_uint_eq(db->env.count, 2);
	ck_assert_str_eq(spec_pair_get(&db->env, "LANG"), "C.UTF-8");
	ck_assert_int_eq(db->restart, SPEC_TRANSIENT);
	ck_assert_int_eq(db->shutdown_ns, 250 * SPEC_MILLISECOND);
	ck_assert(db->significant);
	ck_assert_int_eq(db->start_timeout_ns, 120 * SPEC_SECOND);
	ck_assert_int_eq(db->handler_timeout_ns, 0);
	ck_assert_int_eq(db->handler_cpu_timeout_ns, 1500 * SPEC_MILLISECOND);
	ck_assert_uint_eq(db->mailbox, 0);
	ck_assert(db->redeliver);
	ck_assert_uint_eq(db->spares, 3);
	ck_assert(!db->lanes);
	ck_assert_int_eq(db->backoff.initial_ns, 100 * SPEC_MILLISECOND);
	ck_assert_double_eq(db->backoff.factor, 1.5);
	ck_assert_int_eq(db->backoff.max_ns, 3600 * SPEC_SECOND);
	ck_assert_double_eq(db->backoff.jitter, 0.25);
	ck_assert_int_eq(db->backoff.reset_ns, 20 * SPEC_SECOND);
	ck_assert_uint_eq(db->log.max_size, 1500000);
	ck_assert_uint_eq(db->log.files, 0);
	ck_assert_uint_eq(db->log.rate, 0);
	ck_assert_uint_eq(db->log.burst, 17);

	const struct spec *workers = root->children[1];
	ck_assert_int_eq(workers->kind, SPEC_SUPERVISOR);
	ck_assert_int_eq(workers->strategy, SPEC_ONE_FOR_ALL);
	ck_assert_int_eq(workers->auto_shutdown, SPEC_ALL_SIGNIFICANT);
	ck_assert_int_eq(workers->shutdown_ns, SPEC_SHUTDOWN_KILL);
	ck_assert_uint_eq(workers->child_count, 2);
	ck_assert_int_eq(workers->children[0]->exec_path[0], '/');
	ck_assert_str_eq(workers->children[1]->exec_path, "/bin/sh");

	const struct spec *sessions = root->children[2];
	ck_assert_int_eq(sessions->kind, SPEC_POOL);
	ck_assert_uint_eq(sessions->pool_max, 12);
	ck_assert_uint_eq(sessions->intensity, 10);
	ck_assert_int_eq(sessions->shutdown_ns, SPEC_SHUTDOWN_INFINITY);
	spec_free(root);
}
END_TEST

START_TEST(what_is_not_said_is_default)
{
	static const char *const texts[] = { "name: shop", "name: shop\nchildren:\n",
		"name: shop\nchildren: []\n", "name: shop\ncrash_policy: log\n",
		"{\"name\": \"shop\", \"children\": null}", "\xef\xbb\xbfname: shop\n",
		"%YAML 1.1\n---\n!!map {name: !!str shop}\n...\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct spec *root = parse_good(texts[i]), *fresh = spec_new(SPEC_SUPERVISOR, "shop");
		ck_assert_str_eq(root->name, "shop");
		ck_assert_int_eq(root->line, texts[i][0] == '%' ? 3 : 1);
		ck_assert_int_eq(root->column, 1);
		ck_assert_int_eq(root->strategy, fresh->strategy);
		ck_assert_uint_eq(root->intensity, fresh->intensity);
		ck_assert_int_eq(root->period_ns, fresh->period_ns);
		ck_assert_int_eq(root->policy, SPEC_POLICY_LOG);
		ck_assert_ptr_null(root->policy_argv);
		ck_assert_uint_eq(root->child_count, 0);
		spec_free(root);
		spec_free(fresh);
	}
}
END_TEST

START_TEST(json_is_yaml)
{
	struct spec *root =
		parse_good("{\n\t\"name\": \"shop\", \"period\": \"10s\", \"intensity\": 2,\n"
			   "\t\"children\": [\n\t\t{\"actor\":\"db\",\"exec\":\"./db\",\"redeliver\":true,"
			   "\"args\":{\"n\":3},\"handler_timeout\":0}\n\t]\n}\n");

	ck_assert_int_eq(root->period_ns, 10 * SPEC_SECOND);
	ck_assert_uint_eq(root->intensity, 2);
	ck_assert(root->children[0]->redeliver);
	ck_assert_str_eq(spec_pair_get(&root->children[0]->args, "n"), "3");
	spec_free(root);
}
END_TEST

START_TEST(aliases_share_values)
{
	struct spec *root =
		parse_good("name: shop\nchildren:\n"
			   "  - {actor: a, exec: &x ./db, env: &e {LANG: C}, backoff: &b {initial: 1s}}\n"
			   "  - {actor: b, exec: *x, env: *e, backoff: *b}\n"
			   "  - {supervisor: s, children: &c [{actor: c, exec: *x}]}\n"
			   "  - {supervisor: t, children: *c}\n");

	ck_assert_str_eq(root->children[1]->exec_path, world_path("db"));
	ck_assert_str_eq(spec_pair_get(&root->children[1]->env, "LANG"), "C");
	ck_assert_int_eq(root->children[1]->backoff.initial_ns, SPEC_SECOND);
	ck_assert_str_eq(root->children[3]->children[0]->name, "c");
	ck_assert_ptr_ne(root->children[3]->children[0], root->children[2]->children[0]);
	spec_free(root);
}
END_TEST

START_TEST(policies_are_taken)
{
	char *text = expand("name: shop\ncrash_policy: {plugin: $D/policy.so}\n");
	struct spec *root = parse_good(text);

	ck_assert_int_eq(root->policy, SPEC_POLICY_PLUGIN);
	ck_assert_str_eq(root->policy_argv[0], world_path("policy.so"));
	ck_assert_ptr_null(root->policy_argv[1]);
	spec_free(root);
	free(text);
}
END_TEST

START_TEST(programs_are_found_by_path)
{
	char path[1024];

	snprintf(path, sizeof(path), "relative::%s/folder:%s:/bin", directory, directory);
	setenv("PATH", path, 1);
	struct spec *root = parse_good("name: shop\nchildren: [{actor: db, exec: db}]\n");
	ck_assert_str_eq(root->children[0]->exec, "db");
	ck_assert_str_eq(root->children[0]->exec_path, world_path("db"));
	spec_free(root);
	unsetenv("PATH");
	root = parse_good("name: shop\nchildren: [{actor: db, exec: sh}]\n");
	ck_assert_str_eq(root->children[0]->exec_path, "/bin/sh");
	spec_free(root);
}
END_TEST

/* --- parts, and writing --- */

static tractor_err
parse_part(const char *text, enum treefile_what what, struct treefile_report *report, struct spec **ret_spec)
{
	return treefile_parse_part(text, strlen(text), what, "SPEC", directory, report, ret_spec);
}

START_TEST(parts_are_taken)
{
	struct treefile_report report;
	struct spec *spec = NULL;

	ck_assert_int_eq(
		parse_part("{\"supervisor\": \"s\", \"children\": [{\"actor\": \"a\", \"exec\": \"./db\"}]}",
			TREEFILE_CHILD, &report, &spec),
		TRACTOR_OK);
	treefile_report_free(&report);
	ck_assert_int_eq(spec->kind, SPEC_SUPERVISOR);
	ck_assert_str_eq(spec->children[0]->exec_path, world_path("db"));
	spec_free(spec);
	ck_assert_int_eq(parse_part("actor: m\nargs: {a: b}\n", TREEFILE_MEMBER, &report, &spec), TRACTOR_OK);
	treefile_report_free(&report);
	ck_assert_int_eq(spec->kind, SPEC_ACTOR);
	ck_assert_str_eq(spec->name, "m");
	ck_assert_str_eq(spec_pair_get(&spec->args, "a"), "b");
	ck_assert_ptr_null(spec->exec);
	spec_free(spec);
}
END_TEST

START_TEST(bad_parts)
{
	static const struct {
		enum treefile_what what;
		const char *text, *expected;
	} bad[] = {
		{ TREEFILE_CHILD, "", "SPEC is empty; write a child, like" },
		{ TREEFILE_CHILD, "[]", "a child is a mapping, like" },
		{ TREEFILE_CHILD, "{exec: ./db}", "neither an actor, a supervisor nor a pool" },
		{ TREEFILE_CHILD, "{actor: a}", "exec" },
		{ TREEFILE_CHILD, "{actor: a, exec: ./db, significant: true}", "cannot be permanent" },
		{ TREEFILE_CHILD, "{actor: a, exec: ./db, name: t}", "\"name\" does not belong in an actor" },
		{ TREEFILE_MEMBER, "~", "a pool's new member is a mapping" },
		{ TREEFILE_MEMBER, "{args: {a: b}}", "the new member has no name" },
		{ TREEFILE_MEMBER, "{actor: a b}", "cannot be a name" },
		{ TREEFILE_MEMBER, "{actor: a, exec: ./db}",
			"\"exec\" does not belong in a pool's new member" },
		{ TREEFILE_MEMBER, "{actor: a, arks: {}}", "did you mean \"args\"?" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct treefile_report report;
		struct spec *spec = NULL;
		ck_assert_int_eq(parse_part(bad[i].text, bad[i].what, &report, &spec), TRACTOR_EINVAL);
		ck_assert_msg(report.count == 1 && strstr(report.errors[0].text, bad[i].expected) != NULL,
			"%s: %zu errors, the first: %s", bad[i].text, report.count, report.errors[0].text);
		ck_assert_ptr_null(spec);
		treefile_report_free(&report);
	}
}
END_TEST

/* Every key that may stand there does; but a tree's faults are with their actors. */
static void
expect_keys(const json_t *mapping, unsigned place)
{
	for (size_t i = 0; i < treekeys_count; i++)
		ck_assert_msg((treekeys[i].places & place) == 0 || treekeys[i].take == treefaults_of_tree ||
				      json_object_get(mapping, treekeys[i].word) != NULL,
			"%s is missing", treekeys[i].word);
}

/* What is written and read again is written the same. */
static json_t *
write_and_read(const struct spec *spec, enum treefile_what what)
{
	struct treefile_report report;
	struct spec *again = NULL;
	json_t *written = treewrite_spec(spec, what == TREEFILE_TREE);
	char *text = json_dumps(written, 0);
	tractor_err err = parse_part(text, what, &report, &again);

	ck_assert_ptr_nonnull(written);
	treefile_report_print(&report, text, stderr);
	ck_assert_int_eq(err, TRACTOR_OK);
	json_t *second = treewrite_spec(again, what == TREEFILE_TREE);
	ck_assert(json_equal(written, second));
	json_decref(second);
	free(text);
	treefile_report_free(&report);
	spec_free(again);
	return written;
}

START_TEST(what_is_written_is_read_again)
{
	struct spec *root = parse_good(full);
	json_t *tree = write_and_read(root, TREEFILE_TREE), *children = json_object_get(tree, "children");
	const json_t *db = json_array_get(children, 0);

	expect_keys(tree, IN_TREE);
	expect_keys(db, IN_ACTOR);
	expect_keys(json_array_get(children, 1), IN_SUPERVISOR);
	expect_keys(json_array_get(children, 2), IN_POOL);
	expect_keys(json_object_get(db, "backoff"), IN_BACKOFF);
	expect_keys(json_object_get(db, "log"), IN_LOG);
	ck_assert_str_eq(json_string_value(json_object_get(tree, "period")), "1500ms");
	ck_assert_str_eq(json_string_value(json_object_get(db, "start_timeout")), "120s");
	ck_assert_str_eq(json_string_value(json_object_get(db, "exec")), world_path("db"));
	json_decref(tree);
	for (size_t i = 0; i < root->child_count; i++)
		json_decref(write_and_read(root->children[i], TREEFILE_CHILD));
	spec_free(root);
}
END_TEST

START_TEST(policies_and_odd_texts_are_written)
{
	static const char *const policies[] = { "log", "{exec: [./policy, --arg]}",
		"{plugin: $D/policy.so}" };
	char text[256];

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		snprintf(text, sizeof(text), "{name: t, crash_policy: %s}", policies[i]);
		char *whole = expand(text);
		struct spec *root = parse_good(whole);
		json_decref(write_and_read(root, TREEFILE_TREE));
		spec_free(root);
		free(whole);
	}
	struct spec *spec = spec_new(SPEC_ACTOR, "a");
	spec->exec_path = strdup(world_path("db"));
	spec->backoff.reset_ns = 1500001; /* a duration of no whole unit */
	ck_assert_int_eq(spec_pair_add(&spec->args, "a: \"\n", "null"), TRACTOR_OK);
	json_t *written = write_and_read(spec, TREEFILE_CHILD);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(written, "backoff"), "reset")),
		"1.500001ms");
	json_decref(written);
	ck_assert_int_eq(spec_pair_add(&spec->args, "b", "\xff"), TRACTOR_OK);
	ck_assert_ptr_null(treewrite_spec(spec, false));
	spec_free(spec);
}
END_TEST

static void
expect_fault(const struct spec *actor, size_t which, const char *expected)
{
	char text[SPEC_FAULT_TEXT_BYTES];

	ck_assert_uint_gt(actor->fault_count, which);
	ck_assert_str_eq(spec_fault_text(&actor->faults[which], text), expected);
}

START_TEST(faults_go_to_their_actors)
{
	struct spec *root = parse_good(
		"name: shop\n"
		"faults:\n" /* before there is anybody */
		"  - {path: /shop/db, fault: segv, at: counter.increment:3}\n"
		"  - {path: /shop/s/c, fault: exit:7, at: \"start\"}\n"
		"  - {path: /shop/db, fault: \"slow:50\", at: after:counter.get, probability: 0.25, seed: 7}\n"
		"children:\n"
		"  - {actor: db, exec: ./db, faults: [{fault: kill}]}\n"
		"  - supervisor: s\n"
		"    children: [{actor: c, exec: ./db}, {actor: d, exec: ./db, faults: }]\n");

	const struct spec *db = root->children[0], *c = root->children[1]->children[0];
	ck_assert_uint_eq(db->fault_count, 3);
	expect_fault(db, 0, "kill");
	expect_fault(db, 1, "segv at counter.increment:3");
	expect_fault(db, 2, "slow:50 at after:counter.get with probability 0.25, seed 7");
	ck_assert_uint_eq(c->fault_count, 1);
	expect_fault(c, 0, "exit:7 at start");
	ck_assert_uint_eq(root->children[1]->children[1]->fault_count, 0);
	json_decref(write_and_read(root, TREEFILE_TREE));
	json_decref(write_and_read(db, TREEFILE_CHILD));
	spec_free(root);
}
END_TEST

/* --- files --- */

START_TEST(files_are_loaded)
{
	struct treefile_report report;
	struct spec *root = NULL;
	char path[512];

	strcpy(path, world_path("tree.yaml"));
	ck_assert_int_eq(treefile_load(path, &report, &root), TRACTOR_OK);
	ck_assert_str_eq(root->children[0]->exec_path, world_path("db"));
	spec_free(root);
	treefile_report_free(&report);

	ck_assert_int_eq(chdir(directory), 0); /* a path without a slash, and one that is relative */
	ck_assert_int_eq(treefile_load("tree.yaml", &report, &root), TRACTOR_OK);
	ck_assert_str_eq(root->children[0]->exec_path, world_path("db"));
	spec_free(root);
	treefile_report_free(&report);
	ck_assert_int_eq(treefile_load("folder/../tree.yaml", &report, &root), TRACTOR_OK);
	ck_assert_str_eq(root->children[0]->exec_path, world_path("db"));
	spec_free(root);
	treefile_report_free(&report);

	root = NULL;
	ck_assert_int_eq(treefile_load("bad.yaml", &report, &root), TRACTOR_EINVAL);
	ck_assert(error_is(&report.errors[0], "2:30: exec: no such file: $D/bd"));
	treefile_report_free(&report);
	ck_assert_ptr_null(root);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	static const struct {
		const char *path, *text;
	} cases[] = {
		{ "/no/such/tree.yaml", "0:0: can't be read: No such file or directory" },
		{ "/dev", "0:0: can't be read: Is a directory" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct treefile_report report;
		struct spec *root = NULL;
		ck_assert_int_eq(treefile_load(cases[i].path, &report, &root), TRACTOR_ESYSTEM);
		ck_assert_uint_eq(report.count, 1);
		ck_assert(error_is(&report.errors[0], cases[i].text));
		char *printed = NULL;
		size_t size = 0;
		FILE *stream = open_memstream(&printed, &size);
		treefile_report_print(&report, "x", stream); /* no position */
		fclose(stream);
		ck_assert_ptr_eq(strstr(printed, "x: can't be read: "), printed);
		free(printed);
		treefile_report_free(&report);
	}

	struct treefile_report report;
	struct spec *root = NULL;
	ck_assert_int_eq(treefile_parse("name: a", 7, "x", "/no/such", &report, &root), TRACTOR_EINVAL);
	ck_assert(error_is(&report.errors[0], "0:0: its directory /no/such: No such file or directory"));
	treefile_report_free(&report);
	ck_assert_int_eq(treefile_load("/dev/zero", &report, &root), TRACTOR_EINVAL);
	ck_assert(error_is(&report.errors[0], "0:0: is larger than 16 MiB"));
	treefile_report_free(&report);
}
END_TEST

/* --- values --- */

START_TEST(durations_are_exact)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "1ms", 1000000 },
		{ "250ms", 250000000 },
		{ "1.5s", 1500000000 },
		{ "0.000000001s", 1 },
		{ "2m", INT64_C(120000000000) },
		{ "0.5h", INT64_C(1800000000000) },
		{ "0.333333333h", INT64_C(1199999998800) },
		{ "007s", INT64_C(7000000000) },
		{ "87600h", SPEC_DURATION_MAX_NS },
	};
	struct treevalue_fault fault;
	int64_t ns;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ns = -1;
		ck_assert_int_eq(treevalue_duration(cases[i].text, 0, &ns, &fault), TRACTOR_OK);
		ck_assert_int_eq(ns, cases[i].ns);
	}
	ck_assert_int_eq(treevalue_duration("5", 0, &ns, &fault), TRACTOR_EINVAL);
	ck_assert_str_eq(fault.text, "\"5\" has no unit; write 5s or 5ms");
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	char text[256] = "";

	for (int i = 0; i < 100; i++)
		strcat(text, "\xc3\xa9");
	struct treevalue_quoted quoted = treevalue_quote(text);
	ck_assert_uint_lt(strlen(quoted.text), sizeof(quoted.text));
	ck_assert_str_eq(quoted.text + strlen(quoted.text) - 6, "\xc3\xa9...\"");
	text[1] = 'a'; /* and now one byte further to the right */
	quoted = treevalue_quote(text + 1);
	ck_assert_str_eq(quoted.text + strlen(quoted.text) - 6, "\xc3\xa9...\"");
	ck_assert_str_eq(treevalue_quote("").text, "\"\"");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("treefile");

	WORLD_CASE(suite, "good", 10, every_key_is_taken, what_is_not_said_is_default, json_is_yaml,
		aliases_share_values, policies_are_taken, programs_are_found_by_path);
	WORLD_CASE(suite, "parts", 10, parts_are_taken, bad_parts, what_is_written_is_read_again,
		policies_and_odd_texts_are_written, faults_go_to_their_actors);
	WORLD_CASE(suite, "files", 20, files_are_loaded, files_that_cannot_be_read);
	TEST_CASE(suite, "values", 30, durations_are_exact, long_texts_are_cut_between_characters);
	return suite;
}
