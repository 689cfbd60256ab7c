/*
 * verdict.c: what the senders know, against what the receivers saw, against what the crash reports say was in hand. Every message that was sent is looked at, at the first rest after
 * it. What a report can't excuse is complained of; so is the death of a process that nobody has struck.
 */
#include "driver.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tractor/error.h>

#define SHOWN_MAX 8 /* complaints of one kind; the others are counted */

/* A message that a report says was in hand. */
struct in_hand {
	unsigned target, from;
	uint32_t number;
	bool counted;
};

struct account {
	uint32_t judged[MEMBER_COUNT][MEMBER_COUNT]; /* the last number, from and to */
	struct in_hand *in_hands;
	size_t in_hand_count, reports;
	unsigned long causes[16], unready;
	unsigned long fates[FATE_COUNT], handled, excused_unseen, excused_seen, maybe_seen;
	unsigned long lost, doubled, ghosts, unseen_answers;
};

/* --- reports --- */

static const char *
text_of(const json_t *report, const char *key)
{
	const char *text = json_string_value(json_object_get(report, key));

	return text ? text : "";
}

static int
compare(const void *a, const void *b)
{
	const struct in_hand *left = a, *right = b;

	if (left->target != right->target)
		return left->target < right->target ? -1 : 1;
	if (left->from != right->from)
		return left->from < right->from ? -1 : 1;
	return (left->number > right->number) - (left->number < right->number);
}

static void
count_cause(struct account *account, const json_t *report)
{
	const char *cause = text_of(report, "cause");

	for (unsigned i = 0; i < 9; i++)
		if (strcmp(cause, tractor_cause_name((enum tractor_cause)i)) == 0)
			account->causes[i]++;
	if (!json_is_true(json_object_get(report, "ready")))
		account->unready++;
}

/* Nobody here breaks the rules or is slow; but nng without memory lets go of its link at any time, and in a start hangs. */
static void
check_excuse(struct driver *driver, const json_t *report)
{
	unsigned deeds =
		bound_deeds(driver->bound, (pid_t)json_integer_value(json_object_get(report, "pid")));
	const char *id = text_of(report, "id"), *text = text_of(report, "panic_text");
	bool is_broken = strcmp(text_of(report, "cause"), "protocol_violation") == 0 ||
			 strstr(text, "not ready within");

	if (deeds == 0)
		complain(driver, "crash report %s: %s: nobody had struck it", id, text_of(report, "exit"));
	if (is_broken && !(deeds & 1u << DEED_MEMORY))
		complain(driver, "crash report %s: %s: %s", id, text_of(report, "cause"), text);
}

static void
note_in_hand(struct account *account, unsigned target, const json_t *message)
{
	const json_t *fields = json_object_get(message, "fields");
	const json_t *from = json_object_get(fields, "from"), *number = json_object_get(fields, "number");

	if (!json_is_integer(from) || !json_is_integer(number))
		return;
	struct in_hand *grown =
		realloc(account->in_hands, (account->in_hand_count + 1) * sizeof(*account->in_hands));
	if (!grown)
		return;
	account->in_hands = grown;
	grown[account->in_hand_count++] = (struct in_hand){ .target = target,
		.from = (unsigned)json_integer_value(from),
		.number = (uint32_t)json_integer_value(number) };
}

static void
read_report(struct driver *driver, struct account *account, const char *path)
{
	json_error_t error;
	json_t *report = json_load_file(path, 0, &error);
	const char *whose = json_string_value(json_object_get(report, "path"));
	unsigned member = whose ? member_at(whose) : MEMBER_COUNT;

	if (!report || member == MEMBER_COUNT) {
		complain(driver, "%s is no report: %s", path, report ? "whose?" : error.text);
	} else {
		account->reports++;
		count_cause(account, report);
		check_excuse(driver, report);
		note_in_hand(account, member, json_object_get(report, "message"));
	}
	json_decref(report);
}

static bool
is_recording(const char *name)
{
	const char *suffix = strrchr(name, '.');

	return suffix && strcmp(suffix, ".recording") == 0;
}

/* Those that were not read yet; read ones are put aside. What a crash could be played again from nobody wants here. */
static void
read_reports(struct driver *driver, struct account *account)
{
	char folder[256], path[600], seen[600];

	snprintf(folder, sizeof(folder), "%s/run/soak/crashes", driver->folder);
	snprintf(seen, sizeof(seen), "%s/reports", driver->folder);
	mkdir(seen, 0700);
	DIR *directory = opendir(folder);
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (is_recording(entry->d_name)) {
			unlink(path);
			continue;
		}
		snprintf(seen, sizeof(seen), "%s/reports/%s", driver->folder, entry->d_name);
		read_report(driver, account, path);
		rename(path, seen);
	}
	if (directory)
		closedir(directory);
	if (account->in_hand_count > 0)
		qsort(account->in_hands, account->in_hand_count, sizeof(*account->in_hands), compare);
}

/* At how many crashes it was in hand. */
static unsigned
times_in_hand(struct account *account, unsigned target, unsigned from, uint32_t number)
{
	struct in_hand key = { .target = target, .from = from, .number = number };
	struct in_hand *found =
		account->in_hand_count == 0
			? NULL
			: bsearch(&key, account->in_hands, account->in_hand_count, sizeof(key), compare);
	unsigned count = 0;

	while (found && found > account->in_hands && compare(found - 1, &key) == 0)
		found--;
	for (; found && found < account->in_hands + account->in_hand_count && compare(found, &key) == 0;
		found++)
		count++;
	return count;
}

/* --- every message --- */

static void
say(struct driver *driver, unsigned long *count, const char *what, unsigned from, unsigned to,
	uint32_t number, enum fate fate, unsigned seen, unsigned hands)
{
	static const char *const words[] = { "", "told", "accepted", "refused", "asked", "answered",
		"crashed", "unheard" };

	if ((*count)++ < SHOWN_MAX)
		complain(driver, "%s: %u from %s to %s: %s, seen %u times, in hand at %u crashes", what,
			number, members[from].path, members[to].path, words[fate], seen, hands);
}

static void
judge(struct driver *driver, struct account *account, unsigned from, unsigned to, uint32_t number)
{
	enum fate fate = (enum fate)atomic_load(&driver->ledgers[from]->out[to].fate[number]);
	unsigned seen = atomic_load(&driver->ledgers[to]->in[from].seen[number]);
	unsigned hands = seen == 1 && fate != FATE_REFUSED && fate != FATE_NONE
				 ? 0
				 : times_in_hand(account, to, from, number);
	/* What is given again is begun once more for each crash that had it in hand; what isn't is lost with the first one. */
	bool gone = members[to].redelivers ? hands >= 2 : hands == 1;
	unsigned most = members[to].redelivers ? 1 + hands : 1;

	account->fates[fate]++;
	account->handled += seen > 0;
	if (fate == FATE_ACCEPTED && seen == 0 && gone)
		account->excused_unseen++;
	else if (fate == FATE_ACCEPTED && seen == 0)
		say(driver, &account->lost, "lost", from, to, number, fate, seen, hands);
	if (seen > most)
		say(driver, &account->doubled, "doubled", from, to, number, fate, seen, hands);
	if (seen > 0 && (fate == FATE_REFUSED || fate == FATE_NONE))
		say(driver, &account->ghosts, "refused, and yet handled", from, to, number, fate, seen,
			hands);
	if (seen == 0 && fate == FATE_ANSWERED)
		say(driver, &account->unseen_answers, "answered by nobody", from, to, number, fate, seen,
			hands);
	account->maybe_seen += seen > 0 && (fate == FATE_TOLD || fate == FATE_ASKED);
}

static void
judge_all(struct driver *driver, struct account *account)
{
	for (unsigned from = 0; from < MEMBER_COUNT; from++)
		for (unsigned to = 0; to < MEMBER_COUNT; to++) {
			uint32_t tried = atomic_load(&driver->ledgers[from]->out[to].tried);
			while (account->judged[from][to] < tried)
				judge(driver, account, from, to, ++account->judged[from][to]);
			/* What nobody has sent. */
			uint32_t last = atomic_load(&driver->ledgers[to]->in[from].last);
			if (last > tried)
				say(driver, &account->ghosts, "sent by nobody", from, to, last, FATE_NONE, 1,
					0);
		}
}

/* --- the table --- */

static void
print_errors(const char *what, const unsigned long *counts)
{
	printf("    %s", what);
	for (unsigned i = 0; i < LEDGER_ERRORS; i++)
		if (counts[i] > 0)
			printf(" %s:%lu", tractor_err_name((tractor_err)i), counts[i]);
	printf("\n");
}

static void
print_messages(const struct driver *driver, const struct account *account)
{
	unsigned long told[LEDGER_ERRORS] = { 0 }, asked[LEDGER_ERRORS] = { 0 };
	uint64_t longest_ns = 0, redelivered = 0, downs = 0, continued = 0, began = 0, fds_short = 0,
		 memory_short = 0;

	for (unsigned i = 0; i < MEMBER_COUNT; i++) {
		const struct ledger *ledger = driver->ledgers[i];
		for (unsigned err = 0; err < LEDGER_ERRORS; err++) {
			told[err] += atomic_load(&ledger->told[err]);
			asked[err] += atomic_load(&ledger->asked[err]);
		}
		if (atomic_load(&ledger->longest_ask_ns) > longest_ns)
			longest_ns = atomic_load(&ledger->longest_ask_ns);
		redelivered += atomic_load(&ledger->redelivered);
		downs += atomic_load(&ledger->downs);
		continued += atomic_load(&ledger->continued);
		began += atomic_load(&ledger->began);
		fds_short += atomic_load(&ledger->fds_short);
		memory_short += atomic_load(&ledger->memory_short);
	}
	printf("  tells accepted         %10lu\n", account->fates[FATE_ACCEPTED]);
	printf("    lost in hand         %10lu   (%zu messages were in hand at a crash, most of them begun)\n",
		account->excused_unseen, account->in_hand_count);
	printf("    lost otherwise       %10lu\n", account->lost);
	printf("    refused              %10lu\n", account->fates[FATE_REFUSED]);
	printf("    sender died, unknown %10lu\n", account->fates[FATE_TOLD]);
	print_errors("by outcome          ", told);
	printf("  messages handled       %10lu   (%lu of them from senders that did not live to know)\n",
		account->handled, account->maybe_seen);
	printf("    doubled              %10lu\n", account->doubled);
	printf("    given again          %10llu\n", (unsigned long long)redelivered);
	printf("  asks answered          %10lu\n", account->fates[FATE_ANSWERED]);
	print_errors("by outcome          ", asked);
	printf("    the longest          %10llu ms, of %lld\n", (unsigned long long)(longest_ns / 1000000),
		(long long)atomic_load(&driver->board->ask_limit_ms));
	printf("  was short of fds       %10llu times, of memory %llu\n", (unsigned long long)fds_short,
		(unsigned long long)memory_short);
	printf("  starts clean           %10llu, with the state of before %llu; ends heard of by monitors %llu\n",
		(unsigned long long)began, (unsigned long long)continued, (unsigned long long)downs);
}

static void
print_crashes(const struct account *account)
{
	printf("  crash reports          %10zu   (%lu before it was ready)\n    by cause            ",
		account->reports, account->unready);
	for (unsigned i = 0; i < 9; i++)
		if (account->causes[i] > 0)
			printf(" %s:%lu", tractor_cause_name((enum tractor_cause)i), account->causes[i]);
	printf("\n");
}

static void
complain_of_wrongs(struct driver *driver)
{
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		for (unsigned what = 0; what < WRONG_COUNT; what++) {
			const struct ledger *ledger = driver->ledgers[i];
			unsigned long long count = atomic_load(&ledger->wrongs[what]);
			if (count > 0)
				complain(driver, "%s: %s, %llu times; first: %s", members[i].path,
					ledger_wrong_words((enum wrong)what), count,
					ledger->first_wrong[what]);
		}
}

struct account *
verdict_new(void)
{
	return calloc(1, sizeof(struct account));
}

void
verdict_free(struct account *account)
{
	if (account)
		free(account->in_hands);
	free(account);
}

struct sum
verdict_look(struct driver *driver)
{
	struct account *account = driver->account;

	read_reports(driver, account);
	judge_all(driver, account);
	return (struct sum){ .accepted = account->fates[FATE_ACCEPTED],
		.answered = account->fates[FATE_ANSWERED],
		.deaths = account->reports,
		.excused = account->excused_unseen,
		.wrong = account->lost + account->doubled + account->ghosts + account->unseen_answers };
}

void
verdict(struct driver *driver)
{
	const struct account *account = driver->account;

	verdict_look(driver);
	print_crashes(account);
	print_messages(driver, account);
	/* Else all of the above says nothing. */
	if (account->fates[FATE_ACCEPTED] < account->reports / 20 || account->fates[FATE_ANSWERED] == 0)
		complain(driver, "the senders sent next to nothing");
	complain_of_wrongs(driver);
}
