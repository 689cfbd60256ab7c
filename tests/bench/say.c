/* say.c: what came of it, in words and as JSON. Data goes to standard output. */
#include "bench.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <tractor/version.h>

#include "stats.h"

#define SCHEMA_VERSION 1

static const char *const
	unit_names[] = { [UNIT_NS] = "ns", [UNIT_PER_S] = "1/s", [UNIT_KIB] = "KiB", [UNIT_PERCENT] = "%" };

/* --- the machine --- */

static void
read_model(char *model, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(model, size, "unknown");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
			snprintf(model, size, "%s", strchr(line, ':') + 2);
			model[strcspn(model, "\n")] = '\0';
			break;
		}
	if (file)
		fclose(file);
}

struct machine
say_machine(void)
{
	struct machine machine = { .cpus = sysconf(_SC_NPROCESSORS_ONLN) };
	struct utsname name;
	time_t now = time(NULL);

	read_model(machine.model, sizeof(machine.model));
	uname(&name);
	snprintf(machine.kernel, sizeof(machine.kernel), "%s %s", name.sysname, name.release);
	if (getloadavg(machine.load, 3) != 3)
		machine.load[0] = machine.load[1] = machine.load[2] = -1;
	strftime(machine.when, sizeof(machine.when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	return machine;
}

/* --- numbers --- */

struct scale {
	double least;
	const char *name;
};

static const char *
scaled(const struct scale *scales, double value, char buffer[static 32])
{
	while (value < scales->least)
		scales++;
	double shown = scales->least > 0 ? value / scales->least : value;
	snprintf(buffer, 32, "%.*f %s", shown < 10 ? 2 : shown < 100 ? 1 : 0, shown, scales->name);
	return buffer;
}

const char *
say_value(enum unit unit, double value, char buffer[static 32])
{
	static const struct scale times[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 0, "ns" } };
	static const struct scale rates[] = { { 1e6, "M/s" }, { 1e3, "k/s" }, { 0, "/s" } };
	static const struct scale sizes[] = { { 0, "KiB" } };
	static const struct scale percents[] = { { 0, "%" } };
	static const struct scale *const scales[] = { times, rates, sizes, percents };

	return scaled(scales[unit], value, buffer);
}

static double
at_part(const struct result *result, double part)
{
	return stats_quantile(result->samples, result->count, part);
}

/* --- the table --- */

static void
say_figure(const struct figure *figure, const struct result *result)
{
	char median[32], p99[32] = "-";

	if (result->count == 0) {
		printf("%c %-20s %10s %10s  skipped: %s\n", figure->is_ours ? '*' : ' ', figure->name, "-",
			"-", result->skipped);
		return;
	}
	if (result->count >= MANY_SAMPLES)
		say_value(figure->unit, at_part(result, 0.99), p99);
	printf("%c %-20s %10s %10s  %s\n", figure->is_ours ? '*' : ' ', figure->name,
		say_value(figure->unit, at_part(result, 0.5), median), p99, figure->what);
}

void
say_table(const struct machine *machine, const struct setup *setup, const struct result *results)
{
	const char *group = "";

	printf("tractor " TRACTOR_VERSION
	       " (*) and its neighbours, 64 bytes in every message, %u rounds in turn\n",
		setup->rounds);
	printf("%s: %ld CPUs (%s), %s, load %.2f when it began\n", machine->when, machine->cpus,
		machine->model, machine->kernel, machine->load[0]);
	printf("\n  %-20s %10s %10s  %s\n", "FIGURE", "MEDIAN", "P99", "WHAT WAS MEASURED");
	for (size_t i = 0; i < figure_count; i++) {
		if (results[i].count == 0 && results[i].skipped[0] == '\0')
			continue;
		if (strcmp(group, figures[i].group) != 0)
			printf("\n%s\n", group = figures[i].group);
		say_figure(&figures[i], &results[i]);
	}
}

/* --- goals --- */

struct outcome {
	bool is_known, is_met;
	double value;
};

static double
value_of(const struct goal *goal, const struct result *result)
{
	return goal->part == WHEN_QUIET ? stats_best(result->medians, result->rounds, goal->at_least)
					: at_part(result, goal->part);
}

static struct outcome
judge(const struct goal *goal, const struct result *results)
{
	const struct result *result = &results[figure_index(goal->figure)];
	const struct result *against = goal->against ? &results[figure_index(goal->against)] : NULL;

	if (result->count == 0 || (against && against->count == 0))
		return (struct outcome){ .is_known = false };
	double value = value_of(goal, result);
	if (against) {
		double base = at_part(against, goal->against_part);
		value = goal->is_difference ? value - base : value / base;
	}
	return (struct outcome){ .is_known = true,
		.is_met = goal->at_least ? value >= goal->limit : value <= goal->limit,
		.value = value };
}

static const char *
say_outcome(const struct goal *goal, const struct outcome *outcome, char buffer[static 32])
{
	if (!outcome->is_known)
		return "-";
	if (!goal->against || goal->is_difference)
		return say_value(figures[figure_index(goal->figure)].unit, outcome->value, buffer);
	snprintf(buffer, 32, outcome->value < 0.1 ? "%.2g x" : "%.2f x", outcome->value);
	return buffer;
}

void
say_goals(const struct result *results)
{
	char buffer[32];

	printf("\n%-40s %-19s %10s  %s\n", "GOAL", "WANTED", "MEASURED", "MET");
	for (size_t i = 0; i < goal_count; i++) {
		struct outcome outcome = judge(&goals[i], results);
		printf("%-40s %-19s %10s  %s\n", goals[i].what, goals[i].words,
			say_outcome(&goals[i], &outcome, buffer),
			!outcome.is_known ? "not measured"
			: outcome.is_met  ? "yes"
					  : "no");
	}
}

/* --- JSON --- */

static json_t *
figure_json(const struct figure *figure, const struct result *result)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", figure->name, "group", figure->group,
		"what", figure->what, "unit", unit_names[figure->unit], "ours", figure->is_ours);

	if (result->count == 0) {
		json_object_set_new(json, "skipped", json_string(result->skipped));
		return json;
	}
	json_t *medians = json_array();
	for (unsigned i = 0; i < result->rounds; i++)
		json_array_append_new(medians, json_real(result->medians[i]));
	json_object_set_new(json, "samples", json_integer((json_int_t)result->count));
	json_object_set_new(json, "least", json_real(at_part(result, 0)));
	json_object_set_new(json, "median", json_real(at_part(result, 0.5)));
	json_object_set_new(json, "p99", json_real(at_part(result, 0.99)));
	json_object_set_new(json, "most", json_real(at_part(result, 1)));
	json_object_set_new(json, "round_medians", medians);
	return json;
}

static json_t *
goal_json(const struct goal *goal, const struct result *results)
{
	struct outcome outcome = judge(goal, results);
	json_t *json = json_pack("{s:s, s:s, s:s?, s:s}", "what", goal->what, "figure", goal->figure,
		"against", goal->against, "wanted", goal->words);

	json_object_set_new(json, "measured", outcome.is_known ? json_real(outcome.value) : json_null());
	json_object_set_new(json, "met", outcome.is_known ? json_boolean(outcome.is_met) : json_null());
	return json;
}

bool
say_json(const char *path, const struct machine *machine, const struct setup *setup,
	const struct result *results)
{
	static const char *const sizes[] = { "whole", "quick", "smoke" };
	json_t *list = json_array(), *wanted = json_array();

	for (size_t i = 0; i < figure_count; i++)
		if (results[i].count > 0 || results[i].skipped[0] != '\0')
			json_array_append_new(list, figure_json(&figures[i], &results[i]));
	for (size_t i = 0; i < goal_count; i++)
		json_array_append_new(wanted, goal_json(&goals[i], results));
	json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:i, s:{s:i, s:s, s:s, s:[f, f, f]}, s:o, s:o}",
		"schema_version", SCHEMA_VERSION, "tractor", TRACTOR_VERSION, "time", machine->when, "size",
		sizes[setup->size], "rounds", (int)setup->rounds, "machine", "cpus", (int)machine->cpus,
		"model", machine->model, "kernel", machine->kernel, "load", machine->load[0],
		machine->load[1], machine->load[2], "figures", list, "goals", wanted);
	bool is_written = json && json_dump_file(json, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
	json_decref(json);
	return is_written;
}

static bool
has_figure(json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one) if (strcmp(json_string_value(json_object_get(one, "name")), name) ==
					     0) return json_number_value(json_object_get(one, "median")) > 0;
	return false;
}

bool
say_check(const char *path)
{
	json_error_t error;
	json_t *json = json_load_file(path, 0, &error);
	bool is_whole = json != NULL;

	if (!json)
		printf("%s:%d: %s\n", path, error.line, error.text);
	for (size_t i = 0; json && i < figure_count; i++)
		if (figures[i].is_ours && !figures[i].is_long &&
			!has_figure(json_object_get(json, "figures"), figures[i].name)) {
			printf("%s: no %s\n", path, figures[i].name);
			is_whole = false;
		}
	json_decref(json);
	return is_whole;
}
