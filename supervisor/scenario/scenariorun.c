/*
 * scenariorun.c: takes the steps of a scenario, one after the other, until one fails. The expectations and the loop over all crashes are libtractor-test's, and so are their words; what is told and
 * asked goes through a talk (shell/talk.c), since no header of an actor is known here. It prints nothing: what there is to say is in the outcome.
 */
#include "scenariorun.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tractor/test.h>

#include "runtime.h"
#include "scenariomatch.h"
#include "slot.h"
#include "why.h"

#define RUN_DIR "TRACTOR_RUN_DIR"
#define REMOVING_FDS 16

struct run {
	const struct scenario *scenario;
	const struct scenario_watcher *watcher;
	struct tractor_test *test; /* NULL in the loop over all crashes, which has its own */
	struct tractor_options options;
	struct tractor_test_options test_options;
	FILE *report;
	const struct step *failed; /* NULL: none */
	int signal;
	char folder[128];
};

/* In which loop a tell or an ask is: what a crash may do to it. */
enum tolerance {
	TOLERATES_NOTHING,
	TOLERATES_CRASHES, /* a workload: an ask may be the one that is crashed at */
	ASKS_AGAIN,	   /* a check: then it is asked once more, of the successor */
};

/* --- what is seen of it --- */

static void __attribute__((format(printf, 2, 3))) show(struct run *run, const char *format, ...)
{
	char *text;
	va_list arguments;

	if (!run->watcher->on_text)
		return;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	run->watcher->on_text(run->watcher->arg, text);
	free(text);
}

/* Which signal it was that the event speaks of: "SIGINT: stopping in order". */
static int
signal_of(const char *text)
{
	for (int signal = 1; signal < NSIG; signal++) {
		const char *name = sigabbrev_np(signal);
		size_t length = name ? strlen(name) : 0;
		if (name && strncmp(text, "SIG", 3) == 0 && strncmp(text + 3, name, length) == 0 &&
			text[3 + length] == ':')
			return signal;
	}
	return SIGTERM;
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct run *run = arg;

	if (strcmp(event->event, "signalled") == 0)
		run->signal = signal_of(event->text);
	show(run, "%s %s#%u %s", event->event, event->path, event->incarnation, event->text);
}

static void
on_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	show(arg, "%s#%u %c %.*s", path, incarnation, is_error ? '!' : '|', (int)length, line);
}

/* One that came while there was no tree is waiting still. */
static int
pending_signal(void)
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (sigismember(&pending, ours[i]))
			return ours[i];
	return 0;
}

/* --- tells and asks --- */

/* How one came out. */
struct said {
	bool over;
	tractor_err err;
	char *text; /* about the error */
	json_t *reply;
};

static void
said_over(void *arg, tractor_err err, const char *text, json_t *reply)
{
	struct said *said = arg;

	*said = (struct said){ .over = true, .err = err, .text = strdup(text), .reply = reply };
}

static void
said_free(struct said *said)
{
	free(said->text);
	json_decref(said->reply);
}

/* NULL: there is no such actor; tractor_why(). */
static struct slot *
find_slot(struct tractor_runtime *runtime, const char *path)
{
	struct node *node;

	if (runtime_explained(children_find(runtime, path, admin_find, &node)) != TRACTOR_OK)
		return NULL;
	if (!slot_of(node))
		tri_why(TRACTOR_EINVAL, "%s is a %s, not an actor", node->path,
			spec_kind_name(node->spec->kind));
	return slot_of(node);
}

/* An error: it did not come to be said. */
static tractor_err
begin(struct tractor_runtime *runtime, const struct step *step, int64_t limit_ms, struct said *said,
	struct talk **ret_talk)
{
	const struct payload_schema *schema = NULL;
	struct slot *slot = find_slot(runtime, step->whom.path);
	tractor_err err = slot ? talk_find(slot, step->message, &schema) : TRACTOR_ENOACTOR;

	if (err == TRACTOR_OK && schema->ask != (step->kind == STEP_ASK))
		return tri_why(TRACTOR_EINVAL, "%s is %s; write %s", step->message,
			schema->ask ? "an ask: it has a reply" : "a tell: it has no reply",
			schema->ask ? "ask" : "tell");
	if (err == TRACTOR_OK)
		err = talk_begin(slot, schema, step->fields, limit_ms, said_over, said, ret_talk);
	return runtime_explained(err);
}

/* Until it is over; the router sees to it that it is, within the limit. */
static void
say(struct tractor_runtime *runtime, const struct step *step, int64_t limit_ms, struct said *said)
{
	struct talk *talk = NULL;
	tractor_err err = begin(runtime, step, limit_ms, said, &talk);

	if (err != TRACTOR_OK) {
		said_over(said, err, tractor_why(), NULL);
		return;
	}
	while (err == TRACTOR_OK && !said->over)
		err = tractor_runtime_turn(runtime, -1);
	if (said->over)
		return;
	talk_drop(talk);
	said_over(said, err, tractor_why(), NULL);
}

static int64_t
within_ms(const struct run *run, const struct step *step)
{
	int64_t within_ns = step->within_ns > 0 ? step->within_ns : run->scenario->within_ns;

	return (within_ns + SPEC_MILLISECOND - 1) / SPEC_MILLISECOND;
}

/* Whether it came out as the step says. */
static bool
judge(struct run *run, const struct step *step, const struct said *said)
{
	if (step->fails != TRACTOR_OK && said->err == step->fails)
		return true;
	if (step->fails != TRACTOR_OK)
		fprintf(run->report, "wanted %s, got %s%s\n", tractor_err_name(step->fails),
			said->err == TRACTOR_OK ? "no error" : "", said->text ? said->text : "");
	else if (said->err != TRACTOR_OK)
		fprintf(run->report, "%s\n", said->text ? said->text : tractor_err_text(said->err));
	else
		return !step->reply || scenariomatch(step->message, step->reply, said->reply, run->report);
	return false;
}

static bool
talk_once(struct run *run, struct tractor_runtime *runtime, const struct step *step, enum tolerance tolerance)
{
	struct said said = { .over = false };
	bool good;

	say(runtime, step, within_ms(run, step), &said);
	if (said.err == TRACTOR_ECRASHED && tolerance == ASKS_AGAIN) {
		said_free(&said);
		said = (struct said){ .over = false };
		say(runtime, step, within_ms(run, step), &said);
	}
	good = (said.err == TRACTOR_ECRASHED && tolerance == TOLERATES_CRASHES) || judge(run, step, &said);
	said_free(&said);
	return good;
}

static bool
talk_step(struct run *run, struct tractor_runtime *runtime, const struct step *step, enum tolerance tolerance)
{
	for (unsigned i = 0; i < step->times; i++)
		if (!talk_once(run, runtime, step, tolerance))
			return false;
	return true;
}

/* --- steps --- */

static bool
inject_step(struct run *run, const struct step *step)
{
	struct slot *slot = find_slot(tractor_test_runtime(run->test), step->whom.path);

	if (slot && runtime_explained(inject_fault(slot, &step->fault)) == TRACTOR_OK)
		return true;
	fprintf(run->report, "%s\n", tractor_why());
	tractor_test_explain(run->test);
	return false;
}

static bool
own_step(struct run *run, const struct step *step)
{
	if (talk_step(run, tractor_test_runtime(run->test), step, TOLERATES_NOTHING))
		return true;
	tractor_test_explain(run->test);
	return false;
}

static bool
take_step(struct run *run, const struct step *step)
{
	const char *path = step->whom.path;

	switch (step->kind) {
	case STEP_INJECT: return inject_step(run, step);
	case STEP_TELL:
	case STEP_ASK: return own_step(run, step);
	case STEP_RESTARTED:
		return tractor_test_restarted(
			run->test, path, step->cause, step->incarnation, within_ms(run, step));
	case STEP_UNTOUCHED: return tractor_test_untouched(run->test, path);
	case STEP_ESCALATED: return tractor_test_escalated(run->test, path, within_ms(run, step));
	case STEP_HEALTHY: return tractor_test_healthy(run->test, within_ms(run, step));
	case STEP_NOTHING_LOST: return tractor_test_nothing_lost(run->test);
	case STEP_KINDS: break;
	}
	return false;
}

static void
show_step(struct run *run, const struct step *step)
{
	char *text = run->watcher->on_text ? scenario_step_text(step) : NULL;

	if (text)
		show(run, "%d:%d: %s", step->line, step->column, text);
	free(text);
}

/* A signal ends it between two steps, too. */
static bool
run_steps(struct run *run, const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->items[i];
		show_step(run, step);
		if (run->signal == 0 && take_step(run, step))
			continue;
		run->failed = step;
		return false;
	}
	return run->signal == 0;
}

static bool
run_once(struct run *run)
{
	run->test = tractor_test_open_with(run->scenario->tree.path, &run->test_options);
	bool good = run->test && run_steps(run, &run->scenario->steps);

	return tractor_test_close(run->test) && good;
}

/* --- every crash there is --- */

static bool
work(struct run *run, tractor_ctx *ctx, const struct steps *steps, enum tolerance tolerance)
{
	for (size_t i = 0; i < steps->count; i++) {
		show_step(run, &steps->items[i]);
		if (run->signal == 0 && talk_step(run, port_runtime(ctx), &steps->items[i], tolerance))
			continue;
		run->failed = &steps->items[i];
		return false;
	}
	return run->signal == 0;
}

static bool
do_workload(tractor_ctx *ctx, void *arg)
{
	struct run *run = arg;

	return work(run, ctx, &run->scenario->workload, TOLERATES_CRASHES);
}

static bool
do_check(tractor_ctx *ctx, void *arg)
{
	struct run *run = arg;

	return work(run, ctx, &run->scenario->check, ASKS_AGAIN);
}

static bool
run_everywhere(struct run *run, struct scenario_outcome *outcome)
{
	const struct scenario *scenario = run->scenario;
	const char **actors = calloc(scenario->actor_count + 1, sizeof(*actors));
	struct tractor_crash_summary summary = { .runs = 0 };
	const struct tractor_crash_loop loop = {
		.tree_file = scenario->tree.path,
		.workload = do_workload,
		.check = do_check,
		.arg = run,
		.actors = scenario->actor_count > 0 ? actors : NULL,
		.fault = scenario->fault,
		.deadline_ms = scenario->within_ns / SPEC_MILLISECOND,
		.options = &run->test_options,
	};

	if (!actors) {
		fprintf(run->report, "out of memory\n");
		return false;
	}
	for (size_t i = 0; i < scenario->actor_count; i++)
		actors[i] = scenario->actors[i].path;
	bool held = tractor_crash_everywhere(&loop, &summary);
	free(actors);
	outcome->runs = summary.runs;
	outcome->crashes = summary.crashes;
	return held;
}

/* --- its folder --- */

static tractor_err
make_folder(struct run *run)
{
	const char *above = getenv("TMPDIR");

	if (!above || above[0] != '/' || strlen(above) > sizeof(run->folder) / 2)
		above = "/tmp";
	snprintf(run->folder, sizeof(run->folder), "%s/tractor-test-XXXXXX", above);
	if (mkdtemp(run->folder) && setenv(RUN_DIR, run->folder, 1) == 0)
		return TRACTOR_OK;
	return tri_why(TRACTOR_ESYSTEM, "no folder %s: %s", run->folder, strerror(errno));
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

/* Crash reports of a failure stay. */
static void
leave_folder(const struct run *run, struct scenario_outcome *outcome)
{
	if (!outcome->passed && outcome->signal == 0 && rmdir(run->folder) < 0 && errno == ENOTEMPTY)
		outcome->folder = strdup(run->folder);
	else
		nftw(run->folder, remove_one, REMOVING_FDS, FTW_DEPTH | FTW_PHYS);
}

/* --- the whole --- */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
prepare(struct run *run)
{
	run->options = (struct tractor_options){
		.on_line = on_line, .on_event = on_event, .arg = run, .signals = true, .raise_files = true
	};
	run->test_options = (struct tractor_test_options){ .runtime = &run->options, .report = run->report };
}

/* What is said where it failed. */
static void
describe(const struct run *run, struct scenario_outcome *outcome)
{
	const struct step *step = run->failed;

	outcome->line = step ? step->line : run->scenario->line;
	outcome->column = step ? step->column : run->scenario->column;
	outcome->step = step ? scenario_step_text(step) : NULL;
}

static void
carry_out(struct run *run, struct scenario_outcome *outcome)
{
	int64_t began_ms = now_ms();

	outcome->passed = run->scenario->everywhere ? run_everywhere(run, outcome) : run_once(run);
	outcome->took_ms = now_ms() - began_ms;
	outcome->signal = run->signal != 0 ? run->signal : pending_signal();
	describe(run, outcome);
}

tractor_err
scenario_run(const struct scenario *scenario, const struct scenario_watcher *watcher,
	struct scenario_outcome *ret_outcome)
{
	struct scenario_outcome outcome = { .passed = false };
	struct run run = { .scenario = scenario, .watcher = watcher };
	const char *before = getenv(RUN_DIR);
	char *kept = before ? strdup(before) : NULL;
	size_t size;

	if (before && !kept)
		return runtime_explained(TRACTOR_ENOMEM);
	run.report = open_memstream(&outcome.report, &size);
	tractor_err err = run.report ? make_folder(&run) : runtime_explained(TRACTOR_ENOMEM);
	if (err == TRACTOR_OK) {
		prepare(&run);
		carry_out(&run, &outcome);
		leave_folder(&run, &outcome);
	}
	if (run.report)
		fclose(run.report);
	if (kept)
		setenv(RUN_DIR, kept, 1);
	else
		unsetenv(RUN_DIR);
	free(kept);
	if (err == TRACTOR_OK)
		*ret_outcome = outcome;
	else
		scenario_outcome_free(&outcome);
	return err;
}

void
scenario_outcome_free(struct scenario_outcome *outcome)
{
	free(outcome->step);
	free(outcome->report);
	free(outcome->folder);
	*outcome = (struct scenario_outcome){ .passed = false };
}
