/* reload_pool_test.c: a pool that has members is given another template, another bound, or an end. */
#include "reload_words.h"

static struct spec *
pool_of(const char *exec)
{
	struct spec *spec = pool("p", SPEC_PERMANENT, 9);

	spec->exec = strdup(exec);
	return spec;
}

/* With m1, which runs, m2, which waits to be restarted, and m3, which starts. */
static void
begin_pool(struct spec *template)
{
	template->backoff = (struct spec_backoff){ 20 * SEC, 1, 20 * SEC, 0, SEC };
	begin(FLAT(template));
	add_member("/r/p", "m1");
	add_member("/r/p", "m2");
	crash("/r/p/m2");
	starts("m3", HANGS_STARTING, 1);
	add_member("/r/p", "m3");
	forget_log();
}

START_TEST(a_new_template_stops_no_member)
{
	struct spec *now = pool_of("./m2");

	begin_pool(pool_of("./m"));
	reload(FLAT(now),
		"~ /r/p exec: ./m -> ./m2, backoff.initial: 20s -> 0s, backoff.factor: 1 -> 2, backoff.max: "
		"20s -> 30s, backoff.jitter: 0 -> 0.5, backoff.reset: 1s -> 10s (at its members' next start)");
	did("");
	settled();
	is("/r/p/m2", NODE_WAITING);
	is("/r/p/m3", NODE_STARTING);
	ready("/r/p/m3");
	ck_assert_str_eq(at("/r/p/m1")->spec->exec, "./m2");
	add_member("/r/p", "m4");
	ck_assert_str_eq(at("/r/p/m4")->spec->exec, "./m2");
	did("+m4");
	crash("/r/p/m1"); /* no delay any more: the new template counts for restarts */
	did("+m1");
	pass(20 * SEC); /* the delay that it was told */
	did("+m2");
	children_are("/r/p", "m1 m2 m3 m4");
	finish();
}
END_TEST

START_TEST(a_new_template_counts_for_ends_at_once)
{
	struct spec *now = with_shutdown(pool_of("./m"), SPEC_SHUTDOWN_KILL);

	now->restart = SPEC_TRANSIENT;
	begin_flat(FLAT(pool_of("./m")));
	add_members("/r/p", 3);
	forget_log();
	reload(FLAT(now), "~ /r/p restart: permanent -> transient, shutdown: 5s -> kill");
	ends("/r/p/m1", NODE_END_NORMAL);
	is_gone("/r/p/m1");
	crash("/r/p/m2");
	did("+m2");
	terminate("/r/p/m3");
	did("!m3");
	reload(FLAT(pool_of("./m")), "~ /r/p restart: transient -> permanent, shutdown: kill -> 5s");
	ends("/r/p/m2", NODE_END_NORMAL);
	did("+m2");
	terminate("/r/p/m2");
	did("-m2");
	finish();
}
END_TEST

/* "n=2 m=3": of several of one name the last one counts. */
static void
args_are(const char *path, const char *expected)
{
	const struct spec_pairs *args = &at(path)->spec->args;
	char text[128] = "";

	for (size_t i = 0; i < args->count; i++)
		append(text, sizeof(text), "%s%s=%s", i > 0 ? " " : "", args->items[i].key,
			args->items[i].value);
	ck_assert_str_eq(text, expected);
}

START_TEST(a_new_template_leaves_members_their_own_arguments)
{
	begin_flat(FLAT(with_arg(pool_of("./m"), "n", "1")));
	add("/r/p", with_arg(with_arg(spec_member(at("/r/p")->spec, "m1"), "n", "7"), "own", "8"));
	add_member("/r/p", "m2");
	forget_log();
	reload(FLAT(with_arg(with_arg(pool_of("./m"), "n", "2"), "more", "3")),
		"~ /r/p args.n: 1 -> 2, args.more: (none) -> 3 (at its members' next start)");
	args_are("/r/p/m1", "n=2 more=3 n=7 own=8");
	args_are("/r/p/m2", "n=2 more=3");
	reload(FLAT(pool_of("./m")),
		"~ /r/p args.n: 2 -> (none), args.more: 3 -> (none) (at its members' next start)");
	args_are("/r/p/m1", "n=7 own=8");
	args_are("/r/p/m2", "");
	finish();
}
END_TEST

/* Nobody is stopped for it, and who is there is restarted: only who comes has no room. */
START_TEST(a_smaller_max_is_for_those_to_come)
{
	struct spec *now = pool_of("./m");
	struct spec *fourth;
	struct node *node;

	now->pool_max = 1;
	begin_flat(FLAT(pool_of("./m")));
	add_members("/r/p", 3);
	forget_log();
	reload(FLAT(now), "~ /r/p max: 1000 -> 1");
	did("");
	crash("/r/p/m2");
	did("+m2");
	fourth = spec_member(at("/r/p")->spec, "m4");
	terminate("/r/p/m1");
	terminate("/r/p/m2");
	ck_assert_int_eq(tree_add(fake.tree, at("/r/p"), fourth, &node), TRACTOR_EFULL);
	terminate("/r/p/m3");
	ck_assert_int_eq(tree_add(fake.tree, at("/r/p"), fourth, &node), TRACTOR_OK);
	run();
	did("-m1 -m2 -m3 +m4");
	finish();
}
END_TEST

START_TEST(a_pool_that_goes_takes_its_members_with_it)
{
	begin_pool(pool_of("./m"));
	reload(FLAT(PLAIN("a"), PLAIN("p")), "- /r/p\n+ /r/a\n+ /r/p");
	did("-m3 -m1 +a +p");
	ck_assert_str_eq(fake.gone, " m2 m3 m1 p");
	is("/r/p", NODE_RUNNING);
	settled();
	reload(FLAT(PLAIN("a"), pool_of("./m")), "- /r/p\n+ /r/p");
	did("-p");
	children_are("/r/p", "");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload pool");

	TEST_CASE(suite, "pools", 10, a_new_template_stops_no_member, a_new_template_counts_for_ends_at_once,
		a_new_template_leaves_members_their_own_arguments, a_smaller_max_is_for_those_to_come,
		a_pool_that_goes_takes_its_members_with_it);
	return suite;
}
