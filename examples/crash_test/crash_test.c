/*
 * crash_test.c: crash_test FOLDER [TRANSFERS]: kills every actor of a little bank at every message of some transfers, at three moments of each, and looks each time whether money has appeared or
 * vanished. In the naive bank it has, and the first crash at which it did is named; in the durable one it never has. FOLDER has naive.yaml and durable.yaml; 25 transfers if nothing is said.
 */
#include <stdio.h>
#include <stdlib.h>

#include <tractor/test.h>

#include "bank.h"

static bool
transfer_some(tractor_ctx *ctx, void *arg)
{
	teller_ref teller;

	if (tractor_find(ctx, teller, "/bank/teller", &teller) != TRACTOR_OK)
		return false;
	for (int i = 1; i <= *(const int *)arg; i++)
		if (tractor_tell(ctx, teller, teller_transfer, .amount = i) != TRACTOR_OK)
			return false;
	return true;
}

/* -1: it could not be asked. */
static int64_t
balance_of(tractor_ctx *ctx, const char *path)
{
	struct account_money money;
	account_ref account;

	if (tractor_find(ctx, account, path, &account) != TRACTOR_OK ||
		tractor_ask(ctx, account, &money, account_balance) != TRACTOR_OK)
		return -1;
	return money.amount;
}

static bool
no_money_appeared_or_vanished(tractor_ctx *ctx, void *arg)
{
	int64_t alice = balance_of(ctx, "/bank/alice"), bob = balance_of(ctx, "/bank/bob");

	(void)arg;
	if (alice + bob == 2 * BANK_OPENING)
		return true;
	fprintf(stderr, "alice has %lld and bob has %lld: that is not %d\n", (long long)alice, (long long)bob,
		2 * BANK_OPENING);
	return false;
}

static bool
crash_everywhere(const char *folder, const char *bank, int transfers)
{
	char tree_file[4096];
	struct tractor_crash_summary summary;

	snprintf(tree_file, sizeof(tree_file), "%s/%s.yaml", folder, bank);
	printf("%s: %d transfers, and every crash there is\n", bank, transfers);
	fflush(stdout);
	bool held = tractor_crash_everywhere(&(struct tractor_crash_loop){ .tree_file = tree_file,
						     .workload = transfer_some,
						     .check = no_money_appeared_or_vanished,
						     .arg = &transfers },
		&summary);
	printf("%s: %u runs, %u crashes, %s%s\n", bank, summary.runs, summary.crashes,
		held ? "no money lost" : "money lost: ", summary.first_failure);
	return held;
}

int
main(int argc, char **argv)
{
	int transfers = argc > 2 ? atoi(argv[2]) : 25;

	if (argc < 2 || transfers < 1) {
		fprintf(stderr, "usage: crash_test FOLDER [TRANSFERS]\n");
		return 2;
	}
	bool naive = crash_everywhere(argv[1], "naive", transfers);
	bool durable = crash_everywhere(argv[1], "durable", transfers);
	return !naive && durable ? 0 : 1;
}
