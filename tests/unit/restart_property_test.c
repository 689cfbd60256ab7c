/*
 * restart_property_test.c: backoff and intensity together, as properties that hold for any numbers: an actor that dies again and again, from seeds that repeat it. What should happen is
 * worked out here from the README's words, with a plain list of all deaths.
 *
 * A failure names the test's loop number, which is the first of its seeds divided by LIVES.
 */
#define UNIT_MANY_ASSERTIONS
#include "fakeshell.h"

#define SEEDS 400
#define LIVES 40 /* in each process of libcheck's, which costs more than a life */
#define DEATHS 200

static uint64_t random_state;

static int64_t
between(int64_t least, int64_t most)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return least + (int64_t)((random_state >> 11) % (uint64_t)(most - least + 1));
}

static struct spec_backoff
random_backoff(void)
{
	struct spec_backoff backoff = { .initial_ns = between(1, 2000) * MS,
		.factor = (double)between(10, 40) / 10,
		.jitter = (double)between(0, 10) / 10,
		.reset_ns = between(0, 5000) * MS };

	backoff.max_ns = backoff.initial_ns + between(0, 20000) * MS;
	return backoff;
}

/* What the series should be at, before jitter. */
struct series {
	double delay_ns;
};

static void
expect_delay(struct series *series, const struct spec_backoff *backoff, int64_t delay_ns)
{
	double d = series->delay_ns, most = d * (1 + backoff->jitter);

	most = most < (double)backoff->max_ns ? most : (double)backoff->max_ns;
	ck_assert_msg((double)delay_ns >= d * (1 - backoff->jitter) - 1 && (double)delay_ns <= most,
		"a delay of %lld, expected %f to %f", (long long)delay_ns, d * (1 - backoff->jitter), most);
	ck_assert_int_le(delay_ns, backoff->max_ns);
	series->delay_ns =
		d * backoff->factor < (double)backoff->max_ns ? d * backoff->factor : (double)backoff->max_ns;
}

/* How many of the deaths are at most a period old. */
static unsigned
deaths_in_window(const int64_t *deaths, int count, int64_t period_ns, int64_t now_ns)
{
	unsigned in_window = 0;

	for (int i = 0; i < count; i++)
		in_window += now_ns - deaths[i] <= period_ns;
	return in_window;
}

static struct node *
begin_random(unsigned intensity, int64_t period_ns, struct spec_backoff backoff)
{
	struct spec *a = actor("a", SPEC_PERMANENT), *root = sup("r", SPEC_ONE_FOR_ONE, intensity, a, NULL);

	a->backoff = backoff;
	root->period_ns = period_ns;
	begin(root);
	return at("/r/a");
}

/* Each death is one restart too many or not, as the window says; and each delay is as the series says, from its beginning after a run of `reset`. */
static void
dies_at_any_time(uint64_t seed)
{
	int64_t deaths[DEATHS];

	random_state = seed * 31 + 5;
	struct spec_backoff backoff = random_backoff();
	struct series series = { (double)backoff.initial_ns };
	unsigned intensity = (unsigned)between(0, 12);
	int64_t period_ns = between(1, 30000) * MS;
	struct node *a = begin_random(intensity, period_ns, backoff);

	for (int i = 0; i < DEATHS; i++) {
		int64_t ran_ns = between(0, 2) == 0 ? between(0, 2 * backoff.reset_ns) : between(0, 50) * MS;
		pass(ran_ns);
		if (ran_ns >= backoff.reset_ns)
			series.delay_ns = (double)backoff.initial_ns;
		deaths[i] = fake.now_ns;
		bool too_many = deaths_in_window(deaths, i + 1, period_ns, fake.now_ns) > intensity;
		ck_assert_str_eq(tree_would(fake.tree, a, NODE_END_ABNORMAL, fake.now_ns),
			too_many ? "escalate" : "restart");
		crash("/r/a");
		ck_assert_int_eq(tree_ended(fake.tree), too_many);
		if (too_many) {
			has_ended(TREE_GAVE_UP, "/r/a");
			break;
		}
		expect_delay(&series, &backoff, a->due_ns - fake.now_ns);
		ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns),
			deaths_in_window(deaths, i + 1, period_ns, fake.now_ns));
		pass(a->due_ns - fake.now_ns);
		ck_assert_int_eq(a->state, NODE_RUNNING);
		ck_assert_uint_eq(a->restarts, (unsigned)i + 1);
		forget_log();
		fake.trace[0] = '\0';
	}
	finish();
}

/* One that never comes up: each failed attempt is a restart as well, and the series goes on. */
static void
fails_to_start(uint64_t seed)
{
	random_state = seed * 37 + 11;
	struct spec_backoff backoff = random_backoff();
	struct series series = { (double)backoff.initial_ns };
	unsigned intensity = (unsigned)between(0, 12);
	int64_t period_ns = between(1, 30000) * MS, attempts[DEATHS];
	struct node *a = begin_random(intensity, period_ns, backoff);
	int count = 0;

	if (backoff.reset_ns == 0)
		backoff.reset_ns = a->spec->backoff.reset_ns = 1;
	starts("a", FAILS, -1);
	crash("/r/a");
	for (;;) {
		attempts[count++] = fake.now_ns;
		bool too_many = deaths_in_window(attempts, count, period_ns, fake.now_ns) > intensity;
		ck_assert_int_eq(tree_ended(fake.tree), too_many);
		if (too_many || count == DEATHS)
			break;
		expect_delay(&series, &backoff, a->due_ns - fake.now_ns);
		pass(a->due_ns - fake.now_ns);
		forget_log();
		fake.trace[0] = '\0';
	}
	finish();
}

/* As the README says: with delays longer than period / intensity the supervisor never gives up. */
static void
backs_off_slowly_enough(uint64_t seed)
{
	random_state = seed * 41 + 17;
	struct spec_backoff backoff = random_backoff();
	unsigned intensity = (unsigned)between(1, 12);

	if (backoff.jitter > 0.9)
		backoff.jitter = 0.9;
	int64_t shortest_ns = (int64_t)((double)backoff.initial_ns * (1 - backoff.jitter)) - 1;
	struct node *a = begin_random(intensity, shortest_ns * intensity - 1, backoff);
	starts("a", FAILS, -1);
	crash("/r/a");
	for (int i = 0; i < DEATHS; i++) {
		ck_assert_int_eq(a->state, NODE_WAITING);
		pass(a->due_ns - fake.now_ns);
		forget_log();
		fake.trace[0] = '\0';
	}
	finish();
}

static void
each_life(int loop, void (*life)(uint64_t seed))
{
	for (int i = 0; i < LIVES; i++) {
		memset(&fake, 0, sizeof(fake));
		life((uint64_t)(loop * LIVES + i));
	}
}

START_TEST(deaths_at_any_time)
{
	each_life(_i, dies_at_any_time);
}
END_TEST

START_TEST(attempts_that_fail_count)
{
	each_life(_i, fails_to_start);
}
END_TEST

START_TEST(a_slow_enough_backoff_never_gives_up)
{
	each_life(_i, backs_off_slowly_enough);
}
END_TEST

/* A hundred children that lose the same database don't come back in one moment. */
START_TEST(jitter_spreads_a_crowd)
{
	struct spec *root = sup("r", SPEC_ONE_FOR_ONE, 1000, NULL);
	int64_t least_ns = INT64_MAX, most_ns = 0;
	int buckets[10] = { 0 };

	for (int i = 0; i < 100; i++) {
		char name[16];
		snprintf(name, sizeof(name), "a%d", i);
		struct spec *spec = actor(name, SPEC_PERMANENT);
		spec->backoff = (struct spec_backoff){ SEC, 2, 30 * SEC, 0.5, SEC };
		ck_assert_int_eq(spec_add(root, spec), TRACTOR_OK);
	}
	begin(root);
	for (size_t i = 0; i < tree_root(fake.tree)->child_count; i++)
		ended(tree_root(fake.tree)->children[i], NODE_END_ABNORMAL);
	run();
	for (size_t i = 0; i < tree_root(fake.tree)->child_count; i++) {
		int64_t delay_ns = tree_root(fake.tree)->children[i]->due_ns - fake.now_ns;
		least_ns = delay_ns < least_ns ? delay_ns : least_ns;
		most_ns = delay_ns > most_ns ? delay_ns : most_ns;
		buckets[(delay_ns - SEC / 2) / (SEC / 10)]++;
	}
	ck_assert_int_ge(least_ns, SEC / 2);
	ck_assert_int_lt(most_ns, 3 * SEC / 2);
	for (int i = 0; i < 10; i++)
		ck_assert_int_lt(buckets[i], 30);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("restart_property");
	TCase *properties = tcase_create("properties");

	tcase_set_timeout(properties, 30);
	tcase_add_loop_test(properties, deaths_at_any_time, 0, SEEDS / LIVES);
	tcase_add_loop_test(properties, attempts_that_fail_count, 0, SEEDS / LIVES);
	tcase_add_loop_test(properties, a_slow_enough_backoff_never_gives_up, 0, SEEDS / LIVES);
	tcase_add_test(properties, jitter_spreads_a_crowd);
	suite_add_tcase(suite, properties);
	return suite;
}
