/*
 * seed_pool_test.c: the seed's cases on its worker pool: the foreman of examples/worker_pool, with workers and a customer of
 * ours, so that the test says when a job is done.
 */
#include "seed.h"

#include "../../examples/worker_pool/worker_pool.h"
#include "actors/customer.h"

#define JOBS_MAX 4

struct shop {
	struct seed *seed;
	foreman_ref foreman;
	receipt_ref receipt;
	customer_ref customer;
	struct gate gates[JOBS_MAX]; /* of the jobs 0, 1, ... */
};

static struct shop
open_shop(unsigned slots)
{
	struct shop shop = { .seed = seed_open() };
	char name[16];

	for (int i = 0; i < JOBS_MAX; i++) {
		snprintf(name, sizeof(name), "gate%d", i);
		shop.gates[i] = gate_make(name);
	}
	OK(tractor_runtime_load(shop.seed->rt,
		scenario_write("shop.yaml",
			"name: shop\n"
			"children:\n"
			"  - actor: foreman\n"
			"    exec: %s/worker_pool_foreman\n"
			"    args: {slots: %u, workers: /t/shop/workers}\n"
			"  - pool: workers\n"
			"    exec: %s/seed_worker\n"
			"    args: {gates: %s}\n"
			"    restart: temporary\n"
			"  - actor: customer\n"
			"    exec: %s/seed_customer\n"
			"    mailbox: 1\n",
			test_bin_dir(), slots, test_actors_dir(), scenario_dir(), test_actors_dir())));
	OK(tractor_find(shop.seed->ctx, foreman, "/t/shop/foreman", &shop.foreman));
	OK(tractor_find(shop.seed->ctx, receipt, "/t/shop/customer", &shop.receipt));
	OK(tractor_cast(shop.seed->ctx, customer, shop.receipt, &shop.customer));
	return shop;
}

static void
close_shop(struct shop *shop)
{
	for (int i = 0; i < JOBS_MAX; i++)
		gate_close(&shop->gates[i]);
	seed_close(shop->seed);
}

#define JOB_OF(shop, job_number) .job = { .number = (job_number) }, .receipt = (shop)->receipt

/* Has a slot at once; returns its ticket. */
static uint64_t
submit(struct shop *shop, int number)
{
	struct foreman_ticket ticket;

	OK(tractor_ask(shop->seed->ctx, shop->foreman, &ticket, foreman_submit, JOB_OF(shop, number)));
	return ticket.ticket;
}

static foreman_submit_future
line_up(struct shop *shop, int number)
{
	foreman_submit_future future;
	struct foreman_ticket ticket;

	OK(tractor_ask_async(shop->seed->ctx, shop->foreman, &future, foreman_submit, JOB_OF(shop, number)));
	FAILS(TRACTOR_ETIMEDOUT, tractor_await(shop->seed->ctx, &future, &ticket, 50));
	return future;
}

static uint64_t
granted(struct shop *shop, foreman_submit_future *future)
{
	struct foreman_ticket ticket;

	OK(tractor_await(shop->seed->ctx, future, &ticket, SEED_DEADLINE_MS));
	return ticket.ticket;
}

/* NULL: any. There is room for the next one then: the customer has printed this one before it is done with it. */
static void
expect_receipt(struct shop *shop, const char *line)
{
	struct tractor_none none;

	expect_line(shop->seed, "/t/shop/customer", line);
	OK(tractor_ask(shop->seed->ctx, shop->customer, &none, customer_settle));
}

static void
expect_refusal(struct shop *shop)
{
	struct foreman_ticket ticket;

	FAILS(TRACTOR_EFULL,
		tractor_ask(shop->seed->ctx, shop->foreman, &ticket, foreman_try_submit, JOB_OF(shop, 0)));
}

START_TEST(seed_pool_without_a_limit_grants_at_once)
{
	struct shop shop = open_shop(0);

	for (int i = 0; i < JOBS_MAX; i++)
		ck_assert_uint_eq(submit(&shop, i), i + 1);
	for (int i = JOBS_MAX - 1; i >= 0; i--) {
		char line[32];

		gate_open(&shop.gates[i]);
		snprintf(line, sizeof(line), "ticket %d: done %d", i + 1, i * i);
		expect_receipt(&shop, line);
	}
	close_shop(&shop);
}
END_TEST

START_TEST(seed_pool_with_a_limit_refuses_try_submit_when_full)
{
	struct shop shop = open_shop(2);
	struct foreman_ticket ticket;

	submit(&shop, 1);
	OK(tractor_ask(shop.seed->ctx, shop.foreman, &ticket, foreman_try_submit, JOB_OF(&shop, 2)));
	expect_refusal(&shop);
	ck_assert_contains(tractor_why(), "2 slots are taken");
	gate_open(&shop.gates[2]);
	expect_receipt(&shop, "ticket 2: done 4");
	OK(tractor_ask(shop.seed->ctx, shop.foreman, &ticket, foreman_try_submit, JOB_OF(&shop, 3)));
	ck_assert_uint_eq(ticket.ticket, 3);
	expect_refusal(&shop);
	gate_open(&shop.gates[1]);
	expect_receipt(&shop, "ticket 1: done 1");
	gate_open(&shop.gates[3]);
	expect_receipt(&shop, "ticket 3: done 9");
	close_shop(&shop);
}
END_TEST

START_TEST(seed_pool_grants_first_come_first_served)
{
	struct shop shop = open_shop(1);
	foreman_submit_future futures[JOBS_MAX];

	submit(&shop, 0);
	for (int i = 1; i < JOBS_MAX; i++)
		futures[i] = line_up(&shop, i);
	for (int i = 1; i < JOBS_MAX; i++) {
		gate_open(&shop.gates[i - 1]);
		ck_assert_uint_eq(granted(&shop, &futures[i]), i + 1);
		expect_receipt(&shop, NULL);
	}
	gate_open(&shop.gates[JOBS_MAX - 1]);
	expect_receipt(&shop, "ticket 4: done 9");
	close_shop(&shop);
}
END_TEST

/* It is refused as long as anybody waits, also right when a slot has become free. */
START_TEST(seed_pool_try_submit_never_jumps_the_queue)
{
	struct shop shop = open_shop(1);
	foreman_submit_future futures[2];

	submit(&shop, 1);
	futures[0] = line_up(&shop, 2);
	futures[1] = line_up(&shop, 3);
	expect_refusal(&shop);
	gate_open(&shop.gates[1]);
	expect_receipt(&shop, "ticket 1: done 1");
	expect_refusal(&shop);
	ck_assert_uint_eq(granted(&shop, &futures[0]), 2);
	gate_open(&shop.gates[2]);
	expect_receipt(&shop, "ticket 2: done 4");
	expect_refusal(&shop);
	ck_assert_uint_eq(granted(&shop, &futures[1]), 3);
	gate_open(&shop.gates[3]);
	expect_receipt(&shop, "ticket 3: done 9");
	close_shop(&shop);
}
END_TEST

/* The customer handles nothing, and there is room for one receipt: the next ones are dropped, and the jobs go on. */
START_TEST(seed_pool_is_not_stalled_by_a_busy_recipient)
{
	struct shop shop = open_shop(1);
	struct gate gate = gate_make("gate-customer");

	OK(tractor_tell(shop.seed->ctx, shop.customer, customer_block, .gate = gate.path));
	expect_line(shop.seed, "/t/shop/customer", "blocked");
	submit(&shop, 0);
	for (int i = 1; i < JOBS_MAX; i++) {
		foreman_submit_future future = line_up(&shop, i);

		gate_open(&shop.gates[i - 1]);
		ck_assert_uint_eq(granted(&shop, &future), i + 1);
	}
	gate_open(&gate);
	expect_receipt(&shop, "ticket 1: done 0");
	gate_open(&shop.gates[JOBS_MAX - 1]);
	expect_receipt(&shop, "ticket 4: done 9");
	gate_close(&gate);
	close_shop(&shop);
}
END_TEST

/* Where the original has an exception in a job: here the worker dies of it, and its slot is free again. */
START_TEST(seed_pool_job_that_kills_its_worker_frees_the_slot)
{
	struct shop shop = open_shop(1);
	struct gate gate = gate_make("gate-7");
	foreman_submit_future future;

	submit(&shop, -7);
	future = line_up(&shop, 2);
	gate_open(&gate);
	expect_receipt(&shop, "ticket 1: lost 0");
	ck_assert_uint_eq(granted(&shop, &future), 2);
	gate_open(&shop.gates[2]);
	expect_receipt(&shop, "ticket 2: done 4");
	gate_close(&gate);
	close_shop(&shop);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: worker pool");

	SCENARIO_CASE(suite, "pool", 20, seed_pool_without_a_limit_grants_at_once,
		seed_pool_with_a_limit_refuses_try_submit_when_full, seed_pool_grants_first_come_first_served,
		seed_pool_try_submit_never_jumps_the_queue, seed_pool_is_not_stalled_by_a_busy_recipient,
		seed_pool_job_that_kills_its_worker_frees_the_slot);
	return suite;
}
