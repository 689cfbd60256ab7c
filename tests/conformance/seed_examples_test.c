/* seed_examples_test.c: the seed's two examples as a user runs them: the quick start, and pub/sub by `tractor run`. */
#include "seed.h"

#include <signal.h>

/* The examples' tree files find their actors in PATH. */
static struct process *
run_example(const char *file)
{
	static char path[4096], search[8192];

	snprintf(path, sizeof(path), "%s/examples/%s", test_source_dir(), file);
	snprintf(search, sizeof(search), "PATH=%s:%s", test_bin_dir(), getenv("PATH"));
	return process_start_with(&(struct process_options){
		.argv = (const char *const[]){ tractor_command(), "run", path, NULL },
		.env = (const char *const[]){ search, NULL } });
}

START_TEST(seed_quick_start_prints_4)
{
	char program[4096];

	snprintf(program, sizeof(program), "%s/counter_quickstart", test_bin_dir());
	struct run_result result = run_command(program, NULL);

	ck_assert_int_eq(result.exit_code, 0);
	ck_assert_str_eq(result.out, "4\n");
	run_result_free(&result);
}
END_TEST

/* Whether `line` of this actor is in the output, at or behind `from`; where it ends. */
static const char *
find_line(const char *from, const char *actor, const char *line)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "/pub_sub/%s: %s", actor, line);
	const char *at = strstr(from, wanted);
	ck_assert_msg(at != NULL, "\"%s\" is not where it should be in:\n%s", wanted, from);
	return at + strlen(wanted);
}

static void
expect_four_events(const char *output, const char *actor, const char *word, const char *then)
{
	static const char *const events[] = { "doors open", "curtain up", "interval", "curtain down" };
	char line[64];

	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "%s %d: %s\n", word, i + 1, events[i]);
		output = find_line(output, actor, line);
	}
	find_line(output, actor, then);
}

static bool
has_heard_all(void *tree)
{
	const char *output = process_output(tree);

	return strstr(output, "alice: event 4:") && strstr(output, "bob: event 4:");
}

START_TEST(seed_pub_sub_prints_what_the_original_does)
{
	struct process *tree = run_example("pub_sub/pub_sub.yaml");

	expect_output(tree, "^/pub_sub/logger: logged 4: ", 10000);
	expect_output(tree, "^/pub_sub/logger: heartbeat: [0-9]+ logged$", 10000);
	ck_assert(wait_until(10000, has_heard_all, tree));
	process_signal(tree, SIGINT);
	expect_exit(tree, 0, 10000);
	const char *output = process_output(tree);

	expect_four_events(output, "alice", "event", "heard ");
	expect_four_events(output, "bob", "event", "heard ");
	expect_four_events(output, "logger", "logged", "heartbeat: ");
	process_close(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: examples");

	SCENARIO_CASE(
		suite, "examples", 30, seed_quick_start_prints_4, seed_pub_sub_prints_what_the_original_does);
	return suite;
}
