/*
 * treefile_test.c: tree files that are right, and everything that can be wrong with one: each message with its position, and no
 * message more. At the end, files that a dog has chewed: whatever comes in, nothing crashes and nothing is leaked.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "treefile.h"
#include "treevalue.h"
#include "treewalk.h"
#include "treewrite.h"
#include "unit.h"

/* Enough of the world that a tree file refers to: made before the tests of a case, removed after them whatever came of them. */
static char directory[] = "/tmp/treefile_test.XXXXXX";

static const struct world_file {
	const char *name, *text;
	mode_t mode;
} world[] = {
	{ "db", "#!/bin/sh\n", 0755 },
	{ "policy", "#!/bin/sh\n", 0755 },
	{ "plain", "no program\n", 0644 },
	{ "lost", "#!/no/such/interpreter -x\n", 0755 },
	{ "blocked", "#!/etc/passwd\n", 0755 },
	{ "windows", "#!/bin/sh\r\necho\r\n", 0755 },
	{ "policy.so", "\177ELF", 0644 },
	{ "open.so", "\177ELF", 0664 },
	{ "tree.yaml", "name: shop\nchildren: [{actor: db, exec: ./db}]\n", 0644 },
	{ "bad.yaml", "name: shop\nchildren: [{actor: db, exec: ./bd}]\n", 0644 },
};
#define WORLD_COUNT (sizeof(world) / sizeof(world[0]))

static const char *
world_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
make_world(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	for (size_t i = 0; i < WORLD_COUNT; i++) {
		FILE *file = fopen(world_path(world[i].name), "w");
		ck_assert_ptr_nonnull(file);
		fputs(world[i].text, file);
		fclose(file);
		ck_assert_int_eq(chmod(world_path(world[i].name), world[i].mode), 0);
	}
	ck_assert_int_eq(mkdir(world_path("folder"), 0755), 0);
	ck_assert_int_eq(symlink("policy.so", world_path("link.so")), 0);
}

static void
remove_world(void)
{
	for (size_t i = 0; i < WORLD_COUNT; i++)
		unlink(world_path(world[i].name));
	unlink(world_path("link.so"));
	rmdir(world_path("folder"));
	rmdir(directory);
}

static tractor_err
parse(const char *text, struct treefile_report *report, struct spec **ret_root)
{
	return treefile_parse(text, strlen(text), "tree.yaml", directory, report, ret_root);
}

/* The spec of a text without errors. */
static struct spec *
parse_good(const char *text)
{
	struct treefile_report report;
	struct spec *root = NULL;
	tractor_err err = parse(text, &report, &root);

	treefile_report_print(&report, "tree.yaml", stderr);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", tractor_err_text(err), text);
	ck_assert_uint_eq(report.count, 0);
	treefile_report_free(&report);
	return root;
}

/* Replaces each $D in `text` by the directory. */
static char *
expand(const char *text)
{
	char *expanded = calloc(1, strlen(text) * 16 + 1), *to = expanded;

	ck_assert_ptr_nonnull(expanded);
	for (const char *from = text; *from != '\0'; from++) {
		if (from[0] == '$' && from[1] == 'D') {
			to = stpcpy(to, directory);
			from++;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return expanded;
}

#define EXPECTED_MAX 8

struct bad {
	const char *text;		    /* $D is the directory, in the expected lines too */
	const char *expected[EXPECTED_MAX]; /* "line:column: fragment of the message", in order */
};

/* Whether the error is at the place and has the fragment. */
static bool
error_is(const struct treefile_error *error, const char *expected)
{
	char *wanted = expand(expected);
	int line, column, used = 0;

	ck_assert_int_ge(sscanf(wanted, "%d:%d: %n", &line, &column, &used), 2);
	bool same =
		error->line == line && error->column == column && strstr(error->text, wanted + used) != NULL;
	free(wanted);
	return same;
}

static void
check_bad(const struct bad *bad)
{
	struct treefile_report report;
	struct spec *root = (struct spec *)&report; /* must stay so */
	char *text = expand(bad->text);
	size_t count = 0;

	tractor_err err = parse(text, &report, &root);
	while (count < EXPECTED_MAX && bad->expected[count] != NULL)
		count++;
	bool same = report.count == count;
	for (size_t i = 0; same && i < count; i++)
		same = error_is(&report.errors[i], bad->expected[i]);
	if (!same) {
		fprintf(stderr, "---- of\n%.1000s\n---- expected\n", text);
		for (size_t i = 0; i < count; i++)
			fprintf(stderr, "%s\n", bad->expected[i]);
		fprintf(stderr, "---- found\n");
		treefile_report_print(&report, "tree.yaml", stderr);
	}
	ck_assert_msg(same, "see standard error");
	ck_assert_int_eq(err, TRACTOR_EINVAL);
	ck_assert_ptr_eq(root, (struct spec *)&report);
	treefile_report_free(&report);
	free(text);
}

#define CHECK_BAD(table)                                              \
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) \
	check_bad(&table[i])

/* Everything that the contract shows, and role. */
static const char full[] = "name: shop                        # the running tree's name\n"
			   "strategy: rest_for_one\n"
			   "intensity: 3\n"
			   "period: 1.5s\n"
			   "auto_shutdown: any_significant\n"
			   "crash_policy: {exec: [./policy, --arg, 7]}\n"
			   "children:\n"
			   "  - actor: db\n"
			   "    exec: ./db\n"
			   "    role: db_main\n"
			   "    args: {file: data.bin, level: 1, quick: true, empty: , nil: null}\n"
			   "    env: {LANG: C.UTF-8, _X1: \"\"}\n"
			   "    restart: transient\n"
			   "    shutdown: 250ms\n"
			   "    significant: true\n"
			   "    start_timeout: 2m\n"
			   "    handler_timeout: 0\n"
			   "    handler_cpu_timeout: 1500ms\n"
			   "    mailbox: 0\n"
			   "    redeliver: true\n"
			   "    backoff: {initial: 100ms, factor: 1.5, max: 1h, jitter: 0.25, reset: 20s}\n"
			   "  - supervisor: workers\n"
			   "    strategy: one_for_all\n"
			   "    auto_shutdown: all_significant\n"
			   "    shutdown: kill\n"
			   "    children: [{actor: one, exec: sh}, {actor: two, exec: /bin/sh}]\n"
			   "  - pool: sessions\n"
			   "    exec: ./db\n"
			   "    role: session\n"
			   "    max: 12\n"
			   "    intensity: 10\n"
			   "    shutdown: infinity\n";

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
	ck_assert_int_eq(db->backoff.initial_ns, 100 * SPEC_MILLISECOND);
	ck_assert_double_eq(db->backoff.factor, 1.5);
	ck_assert_int_eq(db->backoff.max_ns, 3600 * SPEC_SECOND);
	ck_assert_double_eq(db->backoff.jitter, 0.25);
	ck_assert_int_eq(db->backoff.reset_ns, 20 * SPEC_SECOND);

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

START_TEST(bad_keys)
{
	static const struct bad table[] = {
		{ "nmae: shop", { "1:1: unknown key \"nmae\" in the tree; did you mean \"name\"?" } },
		{ "name: shop\nxyzzy: 1\n",
			{ "2:1: unknown key \"xyzzy\" in the tree; its keys are name, strategy, intensity," } },
		{ "name: shop\nexec: ./db\n",
			{ "2:1: \"exec\" does not belong in the tree; it belongs in an actor, a pool or crash_policy" } },
		{ "name: shop\nname: shop\n",
			{ "2:1: \"name\" is here twice, first in line 1; remove one" } },
		{ "name: shop\n<<: {period: 5s}\n", { "2:1: merge keys (<<) are not supported" } },
		{ "name: shop\n[a]: b\n", { "2:1: this key: found a list; write a text" } },
		{ "name: shop\n{a: c}: b\n", { "2:1: this key: found a mapping" } },
		{ "name: shop\n\"a\\0b\": b\n", { "2:1: this key: the text has a NUL (\\0) in it" } },
		{ "name: shop\n? \n", { "2:2: unknown key \"\" in the tree; its keys are" } },
		{ "period: 5s\n", { "1:1: the tree has no name; add one, like name: shop" } },
		{ "name: shop\nchildren:\n  - actor: db\n    exec: ./db\n    exec: ./db\n    children: []\n    restrat: temporary\n",
			{ "5:5: \"exec\" is here twice, first in line 4",
				"6:5: \"children\" does not belong in an actor; it belongs in the tree or a supervisor",
				"7:5: unknown key \"restrat\" in an actor; did you mean \"restart\"?" } },
		/* the value of a misspelt key is checked as well, once */
		{ "name: shop\nperoid: 5\n",
			{ "2:1: did you mean \"period\"?", "2:9: period: \"5\" has no unit" } },
		{ "name: shop\nperoid: 5\nperiod: 7\n",
			{ "2:1: did you mean \"period\"?", "3:9: period: \"7\" has no unit" } },
		{ "name: shop\nchildren: [{actor: db, exec: ./db, backoff: {inital: 1s, exec: 1}}]\n",
			{ "2:46: unknown key \"inital\" in backoff; did you mean \"initial\"?",
				"2:58: \"exec\" does not belong in backoff" } },
		{ "name: shop\nchildren:\n  - pool: p\n    exec: ./db\n    significant: true\n    auto_shutdown: never\n",
			{ "5:5: \"significant\" does not belong in a pool",
				"6:5: \"auto_shutdown\" does not belong in a pool" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_children)
{
	static const struct bad table[] = {
		{ "name: shop\nchildren: {actor: db}\n",
			{ "2:11: children: found a mapping (keys with values); write a list of children" } },
		{ "name: shop\nchildren: db\n",
			{ "2:11: children: found the text \"db\"; write a list of children" } },
		{ "name: shop\nchildren: [db, [], ]\n",
			{ "2:12: children: found the text \"db\"; write each child as a mapping",
				"2:16: children: found a list; write each child" } },
		{ "name: shop\nchildren: [{}]\n",
			{ "2:12: this child is neither an actor, a supervisor nor a pool",
				"2:12: exec is missing; name the program, like exec: ./db" } },
		{ "name: shop\nchildren:\n  - exec: ./db\n", { "3:5: this child is neither" } },
		{ "name: shop\nchildren:\n  - max: 3\n    exec: ./db\n", { "3:5: this child is neither" } },
		{ "name: shop\nchildren:\n  - children: [{actor: a}]\n",
			{ "3:5: this child is neither", "3:16: exec is missing" } },
		{ "name: shop\nchildren:\n  - actr: db\n    exec: ./db\n",
			{ "3:5: unknown key \"actr\" in an actor; did you mean \"actor\"?" } },
		{ "name: shop\nchildren:\n  - supervisr: s\n    strategy: x\n",
			{ "3:5: did you mean \"supervisor\"?",
				"4:15: strategy: \"x\" is none of its words" } },
		{ "name: shop\nchildren:\n  - actor: db\n    exec: ./db\n    pool: db\n",
			{ "5:5: \"pool\" in an actor; a child is one of actor, supervisor and pool" } },
		{ "name: shop\nchildren:\n  - actor:\n    exec: ./db\n  - actor: ''\n    exec: ./db\n  - actor: my db\n    exec: ./db\n",
			{ "3:11: actor: has no value; write its name",
				"5:12: actor: is empty; write its name",
				"7:12: actor: \"my db\" cannot be a name; use 1 to 63 of the letters" } },
		{ "name: [a]\n", { "1:7: name: found a list; write its name, like shop" } },
		{ "name: \"a\\0b\"\n", { "1:7: name: the text has a NUL" } },
		{ "name: shop\nchildren:\n  - pool: p\n    max: 0\n",
			{ "3:5: exec is missing",
				"4:10: max: \"0\" is out of range; write a whole number from 1 to" } },
		/* what spec_check() finds, at the child's place */
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db}\n  - exec: ./db\n    actor: db\n",
			{ "4:5: db" } },
		{ "name: shop\nauto_shutdown: any_significant\nchildren:\n  - {actor: db, exec: ./db, significant: true}\n",
			{ "4:5: significant" } },
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db, restart: temporary, significant: true}\n",
			{ "3:5: significant" } },
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db, backoff: {initial: 2m}}\n",
			{ "3:5: backoff initial is longer than backoff max" } },
		/* and what it must not say again */
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db, backoff: {initial: 2m, max: 3}}\n",
			{ "3:57: max: \"3\" has no unit" } },
		{ "name: shop\nauto_shutdown: any_significant\nchildren:\n  - {actor: db, exec: ./db, restart: x, significant: true}\n",
			{ "4:38: restart: \"x\" is none of its words; write permanent, transient or temporary" } },
		{ "name: shop\nauto_shutdown: any_sgnificant\nchildren:\n  - {actor: db, exec: ./db, restart: temporary, significant: true}\n",
			{ "2:16: auto_shutdown: \"any_sgnificant\" is none of its words; did you mean any_significant?" } },
	};

	CHECK_BAD(table);
}
END_TEST

/* One key of an actor: the value begins in line 3, column 12 + its length. */
START_TEST(bad_values)
{
	static const struct bad table[] = {
		{ "name: a\nperiod: 5\n", { "2:9: period: \"5\" has no unit; write 5s or 5ms" } },
		{ "name: a\nperiod: 0\n", { "2:9: period: \"0\" is too short; write more than 0" } },
		{ "name: a\nperiod: 0s\n", { "2:9: too short" } },
		{ "name: a\nperiod: -5s\n", { "2:9: period: \"-5s\" is negative" } },
		{ "name: a\nperiod: soon\n",
			{ "2:9: period: \"soon\" is not a duration; write one like 5s" } },
		{ "name: a\nperiod: 5 s\n", { "2:9: period: \"5 s\" has an unknown unit" } },
		{ "name: a\nperiod: 5sec\n",
			{ "2:9: \"5sec\" has an unknown unit; a duration is one number and ms, s, m or h" } },
		{ "name: a\nperiod: 1h30m\n", { "2:9: unknown unit" } },
		{ "name: a\nperiod: 1.s\n", { "2:9: is not a duration" } },
		{ "name: a\nperiod: 0.1234567891s\n", { "2:9: is not a duration" } },
		{ "name: a\nperiod: 87600.5h\n",
			{ "2:9: \"87600.5h\" is too long; write 87600h (ten years) at most" } },
		{ "name: a\nperiod: 99999999999999999999999999h\n", { "2:9: is too long" } },
		{ "name: a\nperiod:\n", { "2:8: period: has no value; write a duration, like 5s or 250ms" } },
		{ "name: a\nperiod: ~\n", { "2:9: period: has no value" } },
		{ "name: a\nperiod: [5s]\n", { "2:9: period: found a list; write a duration" } },
		{ "name: a\nperiod: !!foo 5s\n",
			{ "2:9: the tag \"tag:yaml.org,2002:foo\" means nothing here; leave it out" } },
		{ "name: a\nperiod: !seconds 5\n", { "2:9: the tag \"!seconds\" means nothing here" } },
		{ "name: a\nintensity: many\n",
			{ "2:12: intensity: \"many\" is not a whole number; write one from 0 to 100000" } },
		{ "name: a\nintensity: -1\n", { "2:12: intensity: \"-1\" is not a whole number" } },
		{ "name: a\nintensity: 1.5\n", { "2:12: \"1.5\" is not a whole number" } },
		{ "name: a\nintensity: 010\n",
			{ "2:12: \"010\" begins with 0; write the number without it" } },
		{ "name: a\nintensity: 18446744073709551617\n", { "2:12: is out of range" } },
		{ "name: a\nintensity: \"1\"\n",
			{ "2:12: intensity: found the text \"1\" in quotes; write a whole number, like 1, without quotes" } },
		{ "name: a\nstrategy: one-for-one\n",
			{ "2:11: strategy: \"one-for-one\" is none of its words; did you mean one_for_one?" } },
		{ "name: a\nstrategy: {x: y}\n",
			{ "2:11: strategy: found a mapping (keys with values); write one_for_one, one_for_all or rest_for_one" } },
		{ "name: a\nstrategy: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
			{ "2:11: aaaaaaaaa...\" is none" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, significant: yes}\n",
			{ "3:41: significant: \"yes\" is neither; write true or false" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, redeliver: 'true'}\n",
			{ "3:39: redeliver: found the text \"true\" in quotes; write true or false" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, shutdown: 5}\n",
			{ "3:38: shutdown: \"5\" has no unit" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, shutdown: infinty}\n",
			{ "3:38: shutdown: \"infinty\" is no duration; did you mean infinity?" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, shutdown: later}\n",
			{ "3:38: shutdown: \"later\" is no duration; write one like 5s, or kill or infinity" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, start_timeout: 0}\n",
			{ "3:43: start_timeout: \"0\" is too short" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, role: my db}\n",
			{ "3:34: role: \"my db\" cannot be an actor's" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, role: }\n",
			{ "3:34: role: has no value" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, backoff: 1s}\n",
			{ "3:37: backoff: found the text \"1s\"; write a mapping, like {initial: 1s, max: 30s}" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, backoff: {factor: 0.5, jitter: 1.5, initial: 1, max: x, reset: -1s}}\n",
			{ "3:46: factor: \"0.5\" is out of range; write a number from 1 to 1000",
				"3:59: jitter: \"1.5\" is out of range; write a number from 0 to 1",
				"3:73: initial: \"1\" has no unit", "3:81: max: \"x\" is not a duration",
				"3:91: reset: \"-1s\" is negative" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, backoff: {factor: inf, jitter: 1e-1}}\n",
			{ "3:46: factor: \"inf\" is not a number; write one from 1 to 1000",
				"3:59: jitter: \"1e-1\" is not a number" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_args_and_env)
{
	static const struct bad table[] = {
		{ "name: a\nchildren:\n  - actor: a\n    exec: ./db\n    args: [x]\n    env: x\n",
			{ "5:11: args: found a list; write names with values, like {file: data.bin}",
				"6:10: env: found the text \"x\"" } },
		{ "name: a\nchildren:\n  - actor: a\n    exec: ./db\n    args: {'': 1, a: [x], b: {}, [c]: 1, d: 1, d: 2, \"x\": \"\\0\"}\n",
			{ "5:12: args: \"\": an argument's name is empty",
				"5:22: a: found a list; write a text", "5:30: b: found a mapping",
				"5:34: args: found a list",
				"5:48: args: \"d\" is here twice, first in line 5",
				"5:59: x: the text has a NUL" } },
		{ "name: a\nchildren:\n  - actor: a\n    exec: ./db\n    env:\n      1X: a\n      TRACTOR_FD: 3\n      A-B: c\n      '': d\n      X: !big 1\n",
			{ "6:7: env: \"1X\": that cannot be a variable's name; use letters, digits and _",
				"7:7: env: \"TRACTOR_FD\": names that begin with TRACTOR_ are tractor's own",
				"8:7: env: \"A-B\": that cannot be", "9:7: env: \"\": that cannot be",
				"10:10: the tag \"!big\"" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_programs)
{
	static const struct bad table[] = {
		{ "name: a\nchildren: [{actor: a, exec: ./bd}]\n",
			{ "2:29: exec: no such file: $D/bd; build it first or correct exec" } },
		{ "name: a\nchildren: [{actor: a, exec: bin/db}]\n", { "2:29: no such file: $D/bin/db" } },
		{ "name: a\nchildren: [{actor: a, exec: /no/such/db}]\n",
			{ "2:29: no such file: /no/such/db" } },
		{ "name: a\nchildren: [{actor: a, exec: ./folder}]\n",
			{ "2:29: $D/folder is a directory; name the program in it" } },
		{ "name: a\nchildren: [{actor: a, exec: ./plain}]\n",
			{ "2:29: $D/plain is not executable for you; chmod +x it" } },
		{ "name: a\nchildren: [{actor: a, exec: /dev/null}]\n",
			{ "2:29: /dev/null is not a regular file" } },
		{ "name: a\nchildren: [{actor: a, exec: ./db/x}]\n",
			{ "2:29: $D/db/x: Not a directory; correct exec" } },
		{ "name: a\nchildren: [{actor: a, exec: ./lost}]\n",
			{ "2:29: $D/lost begins with #!/no/such/interpreter, and there is no such file" } },
		{ "name: a\nchildren: [{actor: a, exec: ./blocked}]\n",
			{ "2:29: $D/blocked begins with #!/etc/passwd, which cannot be executed (Permission denied)" } },
		{ "name: a\nchildren: [{actor: a, exec: ./windows}]\n",
			{ "2:29: the lines of $D/windows end as on Windows (CR LF)" } },
		{ "name: a\nchildren: [{actor: a, exec: nosuchprogram}]\n",
			{ "2:29: no \"nosuchprogram\" in PATH; install it, or write ./nosuchprogram" } },
		{ "name: a\nchildren: [{actor: a, exec: db}]\n",
			{ "2:29: no \"db\" in PATH; did you mean ./db, the one beside this file?" } },
		{ "name: a\nchildren: [{actor: a, exec: ''}]\n",
			{ "2:29: exec: is empty; write the path of a program" } },
		{ "name: a\nchildren: [{actor: a, exec: \"./a\\nb\"}]\n", { "2:29: no such file: $D/a?b" } },
		{ "name: a\nchildren: [{actor: a, exec: \"./a\\u009b1mb\"}]\n",
			{ "2:29: no such file: $D/a??1mb" } },
		{ "name: a\nchildren: [{actor: a, exec: [./db]}]\n",
			{ "2:29: exec: found a list; write the path of a program, like ./db" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_programs_in_path)
{
	static const struct bad table[] = {
		{ "name: a\nchildren: [{actor: a, exec: plain}]\n",
			{ "2:29: $D/plain is not executable for you" } },
		{ "name: a\nchildren: [{actor: a, exec: lost}]\n", { "2:29: $D/lost begins with #!" } },
		{ "name: a\nchildren: [{actor: a, exec: folder}]\n", { "2:29: no \"folder\" in PATH" } },
	};

	setenv("PATH", directory, 1);
	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_policies)
{
	static const struct bad table[] = {
		{ "name: a\ncrash_policy: lgo\n",
			{ "2:15: crash_policy: \"lgo\" is none of its words; did you mean log?" } },
		{ "name: a\ncrash_policy:\n",
			{ "2:14: crash_policy: found nothing; write log, {exec: [./policy]} or {plugin: /path/policy.so}" } },
		{ "name: a\ncrash_policy: {}\n", { "2:15: crash_policy: is empty; write log," } },
		{ "name: a\ncrash_policy: {exec: ./policy}\n",
			{ "2:22: exec: found the text \"./policy\"; write a list of the program and its arguments, like [./policy" } },
		{ "name: a\ncrash_policy: {exec: []}\n",
			{ "2:22: exec: has 0 words; write the program and its arguments" } },
		{ "name: a\ncrash_policy: {exec: [./polcy, [a]]}\n",
			{ "2:23: exec: no such file: $D/polcy", "2:32: exec: found a list; write a text" } },
		{ "name: a\ncrash_policy: {exec: ['']}\n", { "2:23: exec: is empty" } },
		{ "name: a\ncrash_policy: {exec: [./policy], plugin: $D/policy.so}\n",
			{ "2:42: crash_policy: has both exec and plugin; remove one" } },
		{ "name: a\ncrash_policy: {plugn: $D/policy.so}\n",
			{ "2:16: unknown key \"plugn\" in crash_policy; did you mean \"plugin\"?" } },
		{ "name: a\ncrash_policy: {plugin: policy.so}\n",
			{ "2:24: plugin: \"policy.so\" is not absolute; write the plugin's whole path" } },
		{ "name: a\ncrash_policy: {plugin: $D/no.so}\n",
			{ "2:24: plugin: no such file: $D/no.so; build or install it first" } },
		{ "name: a\ncrash_policy: {plugin: $D/folder}\n",
			{ "2:24: plugin: $D/folder is not a regular file" } },
		{ "name: a\ncrash_policy: {plugin: $D/link.so}\n",
			{ "2:24: plugin: $D/link.so is a symbolic link; name the file itself" } },
		{ "name: a\ncrash_policy: {plugin: $D/open.so}\n",
			{ "2:24: plugin: $D/open.so can be written by others; chmod go-w it" } },
		{ "name: a\ncrash_policy: {plugin: [x]}\n",
			{ "2:24: plugin: found a list; write the whole path of a shared object" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(plugin_of_somebody_else)
{
	static const struct bad table[] = {
		{ "name: a\ncrash_policy: {plugin: $D/policy.so}\n",
			{ "2:24: $D/policy.so belongs to user 12345; it must belong to root or to you" } },
	};

	if (chown(world_path("policy.so"), 12345, (gid_t)-1) != 0)
		return; /* only root can try */
	CHECK_BAD(table);
	ck_assert_int_eq(chown(world_path("policy.so"), geteuid(), (gid_t)-1), 0);
}
END_TEST

START_TEST(bad_yaml)
{
	static const struct bad table[] = {
		{ "", { "1:1: tree.yaml is empty; a tree needs a name at least, like name: shop" } },
		{ "\n# nothing but this\n", { "1:1: tree.yaml is empty" } },
		{ "\xef\xbb\xbf", { "1:1: tree.yaml is empty" } },
		{ "---\n", { "2:1: found nothing; a tree file is a mapping" } },
		{ "- actor: db\n",
			{ "1:1: found a list; a tree file is a mapping, which begins with name: shop, say" } },
		{ "shop\n", { "1:1: found the text \"shop\"; a tree file is a mapping" } },
		{ "!tree {name: a}\n", { "1:1: the tag \"!tree\" means nothing here" } },
		{ "name: a\n---\nname: b\n",
			{ "2:1: a second document begins here, and a tree file is one; remove the \"---\"" } },
		{ "name: a\nperiod: 5\n---\nname: b\n",
			{ "2:9: has no unit", "3:1: a second document begins here" } },
		{ "name: a\nchildren:\n\t- actor: db\n",
			{ "3:1: a tab stands here, and YAML indents with blanks only; use blanks" } },
		{ "name: a\nstrategy: @x\n", { "2:11: a value can't begin with @; put the text in quotes" } },
		{ "name: a: b\n",
			{ "1:8: YAML: mapping values are not allowed in this context; check the indentation" } },
		{ "name: a\nchildren: [{actor: a\n",
			{ "3:1: YAML: did not find expected ',' or '}', while parsing a flow mapping from line 2 on; close the { with }" } },
		{ "name: a\nchildren: *c\n",
			{ "2:11: YAML: found undefined alias; name it earlier by &name" } },
		{ "name: &a a\nstrategy: &a b\n",
			{ "2:11: YAML: second occurrence, found duplicate anchor; first occurrence from line 1 on; give each anchor" } },
		{ "name: \"a\n",
			{ "2:1: YAML: found unexpected end of stream, while scanning a quoted scalar from line 1 on; close the quotes" } },
		{ "name: \"\\q\"\n",
			{ "1:8: YAML: found unknown escape character; write \\\\ for a backslash" } },
		{ "name: a\n  - b\n   c: d\n", { "3:5: YAML: mapping values are not allowed" } },
		{ "name: a\nstrat\xff"
		  "egy: b\n",
			{ "2:6: YAML: invalid leading UTF-8 octet; save the file as UTF-8" } },
		{ "name: \xc3\xa9\nx\xc3\xa9y\xc3(: b\n",
			{ "2:5: YAML: invalid trailing UTF-8 octet; save the file as UTF-8" } },
		{ "\xff\xfen\n", { "1:1: YAML: invalid leading UTF-8 octet; save the file as UTF-8" } },
		{ "name: a\n\x01: b\n",
			{ "2:1: YAML: control characters are not allowed; this is no text; is it the right file?" } },
		{ "%FOO\n---\nname: a\nperiod: 5\n",
			{ "1:5: YAML: found unknown directive name; correct the YAML here" } },
		{ "name: a\nchildren: &c [{supervisor: s, children: *c}]\n",
			{ "2:11: children: this list contains itself, by an alias" } },
		{ "name: &n [*n]\n", { "1:7: name: found a list" } },
		{ "name: a\nchildren: [{actor: a, exec: ./db, args: &a {x: *a}}]\n",
			{ "2:41: x: found a mapping" } },
		/* an error inside of what is shared is said once */
		{ "name: a\nchildren:\n  - {actor: a, exec: &x ./bd}\n  - {actor: b, exec: *x}\n",
			{ "3:22: no such file: $D/bd" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(text_with_nul)
{
	static const char text[] = "name: a\n\0: b\n";
	struct treefile_report report;
	struct spec *root = NULL;

	ck_assert_int_eq(
		treefile_parse(text, sizeof(text) - 1, "x", directory, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, 1);
	ck_assert(error_is(&report.errors[0], "2:1: control characters are not allowed"));
	treefile_report_free(&report);
	ck_assert_int_eq(treefile_parse(NULL, 0, "x", NULL, &report, &root), TRACTOR_EINVAL);
	ck_assert(error_is(&report.errors[0], "1:1: x is empty"));
	treefile_report_free(&report);
}
END_TEST

/* `count` times `unit` between `head` and `tail`. */
static char *
repeat(const char *head, const char *unit, size_t count, const char *tail)
{
	char *text = malloc(strlen(head) + strlen(unit) * count + strlen(tail) + 1);

	ck_assert_ptr_nonnull(text);
	char *to = stpcpy(text, head);
	while (count-- > 0)
		to = stpcpy(to, unit);
	strcpy(to, tail);
	return text;
}

/* The only error of a text that passes a limit. */
static void
check_limit(char *text, const char *expected)
{
	check_bad(&(struct bad){ text, { expected } });
	free(text);
}

START_TEST(sizes_are_bounded)
{
	check_limit(repeat("name: a\nchildren: ", "[", 100000, ""),
		"2:74: nested deeper than any tree may be; check the brackets");
	check_limit(repeat("", "- a\n", 200001, ""),
		"200000:3: too many values (over 200000); make the file smaller");
	check_limit(repeat("name: a\nchildren: [{actor: a, exec: ./db, args: {", "a: 1, ", 1001, "}}]"),
		"2:41: args: has 1001 entries; write 1000 at most");
	check_limit(repeat("name: a\ncrash_policy: {exec: [./policy", ", a", 100, "]}"),
		"2:22: exec: has 101 words");

	char *anchors = malloc(16 * 300), *to = anchors;
	for (int i = 0; i < 300; i++)
		to += sprintf(to, "- &a%d x\n", i);
	check_limit(anchors, "257:3: too many anchors (over 256); use fewer");
}
END_TEST

START_TEST(aliases_do_not_explode)
{
	char text[8192], *to = text;

	to += sprintf(to, "name: a\nchildren:\n- supervisor: s0\n  children: &c0 []\n");
	for (int i = 1; i <= 14; i++) {
		to += sprintf(to, "- supervisor: s%d\n  children: &c%d [", i, i);
		for (int j = 0; j < 8; j++)
			to += sprintf(to, "{supervisor: x%d, children: *c%d}, ", j, i - 1);
		to += sprintf(to, "]\n");
	}

	struct treefile_report report;
	struct spec *root = NULL;
	ck_assert_int_eq(parse(text, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, 1);
	ck_assert_ptr_nonnull(
		strstr(report.errors[0].text, "more than 200000 values once its aliases are expanded"));
	treefile_report_free(&report);
}
END_TEST

/* `depth` supervisors below the root, one in the other. */
static char *
nested(size_t depth)
{
	char *begin = repeat("{name: a", ", children: [{supervisor: s", depth, "");
	char *text = repeat(begin, "}]", depth, "}");

	free(begin);
	return text;
}

START_TEST(depth_is_bounded)
{
	for (size_t depth = 1; depth < 31; depth++) {
		struct treefile_report report;
		struct spec *root = NULL;
		char *text = nested(depth);
		tractor_err err = parse(text, &report, &root);
		ck_assert_int_eq(err, depth < SPEC_DEPTH_MAX ? TRACTOR_OK : TRACTOR_EINVAL);
		ck_assert_uint_eq(report.count, depth < SPEC_DEPTH_MAX ? 0 : 1);
		spec_free(root);
		treefile_report_free(&report);
		free(text);
	}
}
END_TEST

START_TEST(too_large_a_text)
{
	char *text = calloc(1, TREEFILE_BYTES_MAX + 1);
	struct treefile_report report;
	struct spec *root = NULL;

	memset(text, '#', TREEFILE_BYTES_MAX + 1);
	ck_assert_int_eq(
		treefile_parse(text, TREEFILE_BYTES_MAX + 1, "x", directory, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, 1);
	ck_assert(error_is(&report.errors[0], "0:0: is larger than 16 MiB; is it the right file?"));
	treefile_report_free(&report);
	free(text);
}
END_TEST

START_TEST(report_is_sorted_bounded_and_printed)
{
	char *text = repeat("children:\n", "- {actor: [], exec: ./db}\n", 150, "period: 5\n"),
	     *printed = NULL;
	struct treefile_report report;
	struct spec *root = NULL;
	size_t size = 0;

	ck_assert_int_eq(parse(text, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, TREEFILE_ERRORS_MAX);
	ck_assert_uint_eq(report.more,
		52); /* 150 names, one period, one missing name; the last was found last and stands first */
	ck_assert(error_is(&report.errors[0], "1:1: the tree has no name"));
	for (size_t i = 1; i < report.count; i++)
		ck_assert_int_eq(report.errors[i].line, (int)i + 1);

	FILE *stream = open_memstream(&printed, &size);
	treefile_report_print(&report, "shop.yaml", stream);
	fclose(stream);
	ck_assert_ptr_eq(
		strstr(printed,
			"shop.yaml:1:1: the tree has no name; add one, like name: shop\nshop.yaml:2:11: actor: "),
		printed);
	ck_assert_ptr_nonnull(strstr(printed, "\nshop.yaml: and 52 more; correct these first\n"));
	free(printed);
	treefile_report_free(&report);
	treefile_report_free(&report); /* empty now */
	treefile_report_free(NULL);
	free(text);
}
END_TEST

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

/* The chewed files. A generator of our own, so that a seed gives the same files everywhere. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t
below(uint64_t *state, size_t limit)
{
	return (size_t)(next_random(state) % limit);
}

static const char *const corpus[] = {
	full,
	"{\"name\": \"shop\", \"children\": [{\"actor\": \"db\", \"exec\": \"./db\", \"backoff\": {\"initial\": \"1s\"}}]}",
	"name: a\nchildren:\n- &x {actor: a, exec: &e ./db, env: &v {A: b}}\n- {actor: b, exec: *e, env: *v}\n- supervisor: s\n  children: &c\n  - *x\n- supervisor: t\n  children: *c\n",
	"%YAML 1.1\n---\nname: >\n  folded\n  text\nstrategy: |-\n  one_for_one\n? children\n: - pool: \"p\\x41\"\n    exec: './db'\n...\n"
};

static const char *const crumbs[] = { "*c", "&c ", "[", "]", "{", "}", ": ", "- ", "\n", "<<: ", "\t", "'",
	"\"", "\\0", "!x ", "? ", "---\n", "null", "~", "0", "-1", "99999999999999999999", "1e9s", "\xff",
	"\xc2\x9b", "#", "|\n", "%", "exec: ./db", "children:", "actor: ", "supervisor: s",
	"max: ", "period: ", "5s" };

/* Copies a text without its NUL; returns its length. */
static size_t
put(char *to, const char *from)
{
	size_t length = 0;

	for (; from[length] != '\0'; length++)
		to[length] = from[length];
	return length;
}

/* Changes text[*length], of which `size` bytes may be used, a little. */
static void
chew(uint64_t *state, char *text, size_t *length, size_t size)
{
	size_t at = below(state, *length + 1), piece = *length - at;
	const char *crumb = crumbs[below(state, sizeof(crumbs) / sizeof(crumbs[0]))];

	switch (below(state, 4)) {
	case 0: /* another byte */
		if (piece > 0)
			text[at] = (char)next_random(state);
		break;
	case 1: /* some bytes less */
		piece = below(state, piece < 20 ? piece + 1 : 20);
		memmove(text + at, text + at + piece, *length - at - piece);
		*length -= piece;
		break;
	case 2: /* something that means something */
		if (*length + strlen(crumb) > size)
			break;
		memmove(text + at + strlen(crumb), text + at, piece);
		*length += put(text + at, crumb);
		break;
	default: /* something of it again at the end */
		piece = below(state, piece < 200 ? piece + 1 : 200);
		if (*length + piece <= size)
			memmove(text + *length, text + at, piece), *length += piece;
		break;
	}
}

static void
check_sound(const char *text, size_t length)
{
	/* a copy of its very length, so that the sanitizer sees each byte too many */
	char *exact = malloc(length > 0 ? length : 1);
	struct treefile_report report;
	struct spec *root = NULL;

	memcpy(exact, text, length);
	tractor_err err = treefile_parse(exact, length, "x", directory, &report, &root);
	free(exact);
	ck_assert(err == TRACTOR_OK || err == TRACTOR_EINVAL);
	ck_assert((err == TRACTOR_OK) == (report.count == 0));
	ck_assert((err == TRACTOR_OK) == (root != NULL));
	for (size_t i = 0; i < report.count; i++) {
		ck_assert_ptr_null(strpbrk(report.errors[i].text, "\n\r\033"));
		ck_assert_int_gt(report.errors[i].line, 0);
		ck_assert_int_gt(report.errors[i].column, 0);
		ck_assert(i == 0 || report.errors[i].line >= report.errors[i - 1].line);
	}
	spec_free(root);
	treefile_report_free(&report);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(chewed_files_do_no_harm)
{
	const char *limit = getenv("TREEFILE_TEST_SECONDS"); /* longer, by hand */
	double end = seconds() + (limit != NULL ? atof(limit) : 1);
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	char text[4096];

	while (seconds() < end) {
		const char *seed = corpus[below(&state, sizeof(corpus) / sizeof(corpus[0]))];
		size_t length = put(text, seed);
		for (size_t bites = 1 + below(&state, 8); bites > 0; bites--)
			chew(&state, text, &length, sizeof(text));
		check_sound(text, length);
	}
}
END_TEST

START_TEST(files_cut_anywhere_do_no_harm)
{
	for (size_t i = 0; i < sizeof(corpus) / sizeof(corpus[0]); i++)
		for (size_t length = 0; length <= strlen(corpus[i]); length++)
			check_sound(corpus[i], length);
}
END_TEST

static void
add_case(Suite *suite, const char *name, double timeout_s, const TTest *const *tests, size_t count)
{
	TCase *test_case = tcase_create(name);

	tcase_set_timeout(test_case, timeout_s);
	tcase_add_unchecked_fixture(test_case, make_world, remove_world);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(test_case, tests[i]);
	suite_add_tcase(suite, test_case);
}

/* As TEST_CASE(), in a world of files. */
#define WORLD_CASE(suite, name, timeout_s, ...)                                               \
	do {                                                                                  \
		const TTest *const tests_[] = { __VA_ARGS__ };                                \
		add_case(suite, name, timeout_s, tests_, sizeof(tests_) / sizeof(tests_[0])); \
	} while (0)

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

/* Every key that may stand there does. */
static void
expect_keys(const json_t *mapping, unsigned place)
{
	for (size_t i = 0; i < treekeys_count; i++)
		ck_assert_msg((treekeys[i].places & place) == 0 ||
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

Suite *
test_suite(void)
{
	Suite *suite = suite_create("treefile");

	WORLD_CASE(suite, "good", 10, every_key_is_taken, what_is_not_said_is_default, json_is_yaml,
		aliases_share_values, policies_are_taken, programs_are_found_by_path);
	WORLD_CASE(suite, "parts", 10, parts_are_taken, bad_parts, what_is_written_is_read_again,
		policies_and_odd_texts_are_written);
	WORLD_CASE(suite, "bad", 20, bad_keys, bad_children, bad_values, bad_args_and_env, bad_programs,
		bad_programs_in_path, bad_policies, plugin_of_somebody_else, bad_yaml, text_with_nul);
	WORLD_CASE(suite, "limits", 60, sizes_are_bounded, aliases_do_not_explode, depth_is_bounded,
		too_large_a_text, report_is_sorted_bounded_and_printed);
	WORLD_CASE(suite, "files", 20, files_are_loaded, files_that_cannot_be_read);
	TEST_CASE(suite, "values", 30, durations_are_exact, long_texts_are_cut_between_characters);
	WORLD_CASE(suite, "chewed", 120, chewed_files_do_no_harm, files_cut_anywhere_do_no_harm);
	return suite;
}
