/*
 * cmd_test.c: `tractor test FILE...`: runs scenarios, one after the other, and prints how each came out. All files are read first: where one is no good nothing is started. What a scenario is, and
 * how it is run, is in supervisor/scenario.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output.h"
#include "scenariorun.h"
#include "utf8.h"
#include "why.h"

struct tally {
	unsigned failed;
	int signal; /* 0: none */
};

/* --- how one came out --- */

static json_t *
text_json(const char *text)
{
	return output_need(utf8_json(text != NULL ? text : "", text != NULL ? strlen(text) : 0));
}

static json_t *
failure_json(const struct scenario_outcome *outcome)
{
	json_t *failure = output_need(json_pack("{s:i, s:i, s:o, s:o}", "line", outcome->line, "column",
		outcome->column, "step", text_json(outcome->step), "report", text_json(outcome->report)));

	if (outcome->folder != NULL)
		json_object_set_new(failure, "run_dir", text_json(outcome->folder));
	return failure;
}

static void
print_json(const char *file, const struct scenario *scenario, const struct scenario_outcome *outcome)
{
	json_t *whole = output_need(json_pack("{s:o, s:o, s:i, s:b, s:I}", "file", text_json(file),
		"scenario", text_json(scenario->name), "line", scenario->line, "ok", outcome->passed,
		"took_ms", (json_int_t)outcome->took_ms));

	if (scenario->everywhere) {
		json_object_set_new(whole, "runs", json_integer(outcome->runs));
		json_object_set_new(whole, "crashes", json_integer(outcome->crashes));
	}
	if (!outcome->passed)
		json_object_set_new(whole, "failure", failure_json(outcome));
	output_json_line(stdout, whole);
	json_decref(whole);
}

static void
print_line(const struct scenario *scenario, const struct scenario_outcome *outcome)
{
	char took[OUTPUT_TIME_BYTES];

	printf("%-6s %6s  ", outcome->passed ? "ok" : "FAILED", output_duration(outcome->took_ms, took));
	output_text(stdout, scenario->name);
	if (scenario->everywhere)
		printf(": %u runs, %u crashes", outcome->runs, outcome->crashes);
	putchar('\n');
	output_flush();
}

/* The lines of a report, each behind two blanks. */
static void
print_indented(const char *text)
{
	for (size_t length; *text != '\0'; text += length) {
		length = strcspn(text, "\n");
		fputs("  ", stderr);
		output_bytes(stderr, text, length);
		fputc('\n', stderr);
		length += text[length] == '\n';
	}
}

static void
print_failure(const char *file, const struct scenario_outcome *outcome)
{
	output_text(stderr, file);
	fprintf(stderr, ":%d:%d: ", outcome->line, outcome->column);
	output_text(stderr, outcome->step != NULL ? outcome->step : "the scenario failed");
	fputc('\n', stderr);
	print_indented(outcome->report != NULL ? outcome->report : "");
	if (outcome->folder != NULL)
		fprintf(stderr, "  its crash reports stay: TRACTOR_RUN_DIR=%s tractor crashes\n",
			outcome->folder);
}

static void
print_outcome(const struct command_line *line, const char *file, const struct scenario *scenario,
	const struct scenario_outcome *outcome)
{
	if (line->json) {
		print_json(file, scenario, outcome);
		output_flush();
		return;
	}
	print_line(scenario, outcome);
	if (!outcome->passed)
		print_failure(file, outcome);
}

/* --- running --- */

static void
print_text(void *arg, const char *text)
{
	(void)arg;
	fputs("  ", stderr);
	output_text(stderr, text);
	fputc('\n', stderr);
}

/* The runtime has them as events, and in between they wait. */
static void
block_signals(void)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
}

static void
run_one(const struct command_line *line, const char *file, const struct scenario *scenario,
	struct tally *tally)
{
	const struct scenario_watcher watcher = { .on_text = line->verbose ? print_text : NULL };
	struct scenario_outcome outcome;

	if (line->verbose)
		fprintf(stderr, "%s:%d:%d:\n", file, scenario->line, scenario->column);
	if (scenario_run(scenario, &watcher, &outcome) != TRACTOR_OK) {
		output_error("%s", tractor_why());
		tally->failed++;
		return;
	}
	tally->signal = outcome.signal;
	tally->failed += !outcome.passed;
	if (outcome.signal == 0)
		print_outcome(line, file, scenario, &outcome);
	scenario_outcome_free(&outcome);
}

static int
run_all(const struct command_line *line, const struct scenario_file *files)
{
	struct tally tally = { .failed = 0 };

	block_signals();
	for (int i = 0; i < line->word_count; i++)
		for (size_t which = 0; which < files[i].count && tally.signal == 0; which++)
			run_one(line, line->words[i], &files[i].items[which], &tally);
	if (tally.signal == 0)
		return tally.failed == 0 ? CONTROL_DONE : CONTROL_FAILED;
	output_error("SIG%s: stopped in order", sigabbrev_np(tally.signal));
	return 128 + tally.signal;
}

/* Its exit code, but for the worst one until now. */
static int
load(const struct command_line *line, const char *path, int code, struct scenario_file *ret_file)
{
	struct treefile_report report;
	tractor_err err = scenario_load(path, &report, ret_file);

	if (err == TRACTOR_ENOMEM)
		output_error("out of memory");
	else if (err != TRACTOR_OK)
		check_print_errors(&report, path, line->json);
	treefile_report_free(&report);
	if (err == TRACTOR_OK)
		return code;
	return err == TRACTOR_ENOMEM ? CONTROL_FAILED : CONTROL_BAD_FILE;
}

int
cmd_test(const struct command_line *line)
{
	struct scenario_file files[COMMAND_WORDS_MAX] = { { .items = NULL } };
	int code = CONTROL_DONE;

	for (int i = 0; i < line->word_count; i++)
		code = load(line, line->words[i], code, &files[i]);
	if (code == CONTROL_DONE)
		code = run_all(line, files);
	for (int i = 0; i < line->word_count; i++)
		scenario_free(&files[i]);
	return code;
}
