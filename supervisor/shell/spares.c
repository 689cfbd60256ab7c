/*
 * spares.c: stocks of processes that are there already, linked and greeted, and wait to become somebody: the next incarnation of a child, or the next member of a pool. The core knows nothing of them: it says "start", and
 * where there is one that fits, it is named (naming.c).
 *
 * They are made one at a time, while nobody in the tree is starting or held back. One that is lost costs its place nothing but a delay before the next one.
 */
#include <stdlib.h>

#include "runtime.h"
#include "spares_private.h"
#include "why.h"

/* Between two that are lost: a program that can't be a spare is no reason to start it all the time. */
static const struct spec_backoff lost_backoff = { .initial_ns = 100 * SPEC_MILLISECOND,
	.factor = 2,
	.max_ns = 30 * SPEC_SECOND,
	.jitter = 0.2,
	.reset_ns = 10 * SPEC_SECOND };

static bool
is_member(const struct node *node)
{
	return node->parent && node->parent->spec->kind == SPEC_POOL;
}

static struct stock *
stock_of(struct tractor_runtime *runtime, const struct node *node)
{
	struct table_entry *entry = table_find(&runtime->spares.stocks, node->id, 0);

	return entry ? TIMER_OWNER(entry, struct stock, by_node) : NULL;
}

struct stock *
spares_stock_for(struct tractor_runtime *runtime, const struct node *node)
{
	return stock_of(runtime, is_member(node) ? node->parent : node);
}

/* A member's spec has its pool's number; its spares are the pool's. */
static unsigned
wanted(const struct node *node)
{
	return is_member(node) ? 0 : node->spec->spares;
}

static unsigned
count(const struct stock *stock)
{
	unsigned there = 0;

	for (const struct spare *spare = stock->spares; spare; spare = spare->next)
		there++;
	return there;
}

static bool
is_short(const struct stock *stock)
{
	return !stock->hopeless && stock->node->state == NODE_RUNNING && count(stock) < wanted(stock->node);
}

static void
line_up(struct stock *stock)
{
	struct spares *spares = &stock->runtime->spares;

	if (stock->lined_up)
		return;
	stock->lined_up = true;
	stock->next_in_line = NULL;
	if (spares->last)
		spares->last->next_in_line = stock;
	else
		spares->first = stock;
	spares->last = stock;
}

static void
leave_line(struct stock *stock)
{
	struct spares *spares = &stock->runtime->spares;
	struct stock **at = &spares->first, *before = NULL;

	for (; *at && *at != stock; at = &(*at)->next_in_line)
		before = *at;
	if (*at)
		*at = stock->next_in_line;
	if (spares->last == stock)
		spares->last = before;
	stock->lined_up = false;
}

/* A delay that runs already is the one that counts; while one is starting, it is asked again when that is over. */
void
spares_refill(struct stock *stock, int64_t delay_ns)
{
	struct loop *loop = &stock->runtime->loop;
	int64_t at_ns = loop->now_ns + delay_ns;

	if (!is_short(stock) || stock->lined_up || timer_armed(&stock->refill.timer))
		return;
	if (at_ns < stock->earliest_ns)
		at_ns = stock->earliest_ns;
	if (at_ns > loop->now_ns)
		loop_arm(loop, &stock->refill, at_ns);
	else
		line_up(stock);
}

void
spares_replace(struct stock *stock, int64_t lived_ns)
{
	struct tractor_runtime *runtime = stock->runtime;

	backoff_ran(&stock->lost, &lost_backoff, lived_ns);
	stock->earliest_ns =
		runtime->loop.now_ns + backoff_next_ns(&stock->lost, &lost_backoff, &runtime->spares.random);
	spares_refill(stock, 0);
}

/* --- making one more --- */

/* The host is left alone for a while by all spares together, as by restarts. */
static void
pause_refills(struct tractor_runtime *runtime)
{
	struct spares *spares = &runtime->spares;
	int64_t delay_ns = backoff_next_ns(&spares->host, &backoff_of_host, &spares->random);

	loop_arm(&runtime->loop, &spares->pause, runtime->loop.now_ns + delay_ns);
}

/* Whatever it is but the host, it is as a loss. */
static void
not_begun(struct stock *stock, tractor_err err)
{
	bool refused = launch_was_refused(err);

	events_note(stock->runtime, refused ? "spare_refused" : "spare_lost", stock->node->path, 0, "%s",
		err == TRACTOR_ENOMEM ? "out of memory" : tractor_why());
	if (!refused) {
		spares_replace(stock, 0);
		return;
	}
	line_up(stock);
	pause_refills(stock->runtime);
}

/* So many as are too many, and those that could not be named. */
static void
weed(struct stock *stock)
{
	struct origin now = origin_now(stock->runtime, stock->node->spec);
	unsigned kept = 0;

	for (struct spare *spare = stock->spares, *next; spare; spare = next) {
		next = spare->next;
		if (!origin_same(&spare->origin, &now))
			spare_dismiss(spare, "what it was started from is another now");
		else if (kept == wanted(stock->node))
			spare_dismiss(spare, "it is one too many");
		else
			kept++;
	}
}

/* Whether there is nothing now that a spare would be in the way of. */
static bool
is_quiet(struct tractor_runtime *runtime)
{
	return !runtime->closing && !runtime->spares.starting && !timer_armed(&runtime->spares.pause.timer) &&
	       !tree_is_starting(runtime->tree);
}

/* The host may be asked again, and will be: whatever is due is followed by spares_tick(). */
static void
pause_over(void *arg)
{
	(void)arg;
}

static void
due(void *arg)
{
	struct stock *stock = arg;
	struct spare *starting = stock->runtime->spares.starting;

	if (starting && starting->stock == stock)
		spare_lose(starting, "it said no hello in time; is it linked with libtractor-actor?");
	else
		spares_refill(stock, 0);
}

/* Stocks for which there was no memory. */
static void
make_missing(struct tractor_runtime *runtime)
{
	runtime->spares.missing = false;
	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node))
		spares_changed(runtime, node);
}

void
spares_tick(struct tractor_runtime *runtime)
{
	struct spares *spares = &runtime->spares;

	if (spares->missing && is_quiet(runtime))
		make_missing(runtime);
	while (spares->first && is_quiet(runtime)) {
		struct stock *stock = spares->first;
		leave_line(stock);
		if (!is_short(stock))
			continue;
		weed(stock);
		tractor_err err = spare_begin(stock);
		if (err == TRACTOR_OK)
			backoff_ran(&spares->host, &backoff_of_host, backoff_of_host.reset_ns);
		else
			not_begun(stock, err);
	}
}

/* --- stocks come and go --- */

static void
make_stock(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = calloc(1, sizeof(*stock));

	if (!stock || loop_reserve(&runtime->loop, 1) != TRACTOR_OK) {
		free(stock);
		events_note(runtime, "spare_refused", node->path, 0, "out of memory");
		runtime->spares.missing = true;
		pause_refills(runtime);
		return;
	}
	*stock = (struct stock){ .runtime = runtime, .node = node, .refill = { .due = due, .arg = stock } };
	table_add(&runtime->spares.stocks, &stock->by_node, node->id, 0);
	spares_refill(stock, SPARES_QUIET_NS);
}

static void
free_stock(struct stock *stock)
{
	for (struct spare *spare = stock->spares, *next; spare; spare = next) {
		next = spare->next;
		spare_put_down(spare);
	}
	leave_line(stock);
	loop_disarm(&stock->runtime->loop, &stock->refill);
	loop_reserve(&stock->runtime->loop, -1);
	table_remove(&stock->runtime->spares.stocks, &stock->by_node);
	free(stock);
}

void
spares_changed(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = stock_of(runtime, node);

	if (stock && (node->state == NODE_STOPPED || node->state == NODE_GONE))
		free_stock(stock);
	else if (stock)
		spares_refill(stock, SPARES_QUIET_NS);
	else if (wanted(node) > 0 && node->state == NODE_RUNNING)
		make_stock(runtime, node);
}

void
spares_renewed(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = stock_of(runtime, node);

	if (stock && wanted(node) == 0) {
		free_stock(stock);
	} else if (stock) {
		stock->hopeless = false;
		weed(stock);
	}
	spares_changed(runtime, node);
}

void
spares_forget(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = stock_of(runtime, node);

	if (stock)
		free_stock(stock);
}

unsigned
spares_ready(struct tractor_runtime *runtime, const struct node *node, pid_t *ret_pids, unsigned room)
{
	struct stock *stock = stock_of(runtime, node);
	unsigned ready = 0;

	for (struct spare *spare = stock ? stock->spares : NULL; spare && ready < room; spare = spare->next)
		if (spare_can_be_named(spare))
			ret_pids[ready++] = spare->launched.spawned.pid;
	return ready;
}

tractor_err
spares_open(struct tractor_runtime *runtime)
{
	struct spares *spares = &runtime->spares;

	spares->random = tri_now_ns();
	spares->pause = (struct alarm){ .due = pause_over };
	tractor_err err = table_init(&spares->stocks);
	return err == TRACTOR_OK ? loop_reserve(&runtime->loop, 1) : err;
}

void
spares_close(struct tractor_runtime *runtime)
{
	for (struct spare *spare; (spare = runtime->spares.ending);) {
		runtime->spares.ending = spare->next;
		spare_let_go(spare);
		spare_free(spare);
	}
	table_free(&runtime->spares.stocks);
}
