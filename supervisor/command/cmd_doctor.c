/*
 * cmd_doctor.c: `tractor doctor`: what an actor costs on this machine, how many of them it will carry, what stops more, and whether all is there that tractor uses. It only says what others have found out. Exit
 * code 1: something is missing without which no tree runs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <tractor/version.h>

#include "command.h"
#include "doctor.h"
#include "output.h"
#include "uplink.h"
#include "why.h"

#define CELL_BYTES 128

struct findings {
	bool measured;
	char error[TRI_WHY_MAX]; /* why it was not */
	struct doctor_cost cost;
	struct capacity_limit limits[DOCTOR_LIMITS_MAX]; /* the first to be met first */
	size_t limit_count;
	bool *works; /* by doctor_parts */
	bool threads_settable;
	const char *nng;
};

/* The words are what stands around a number behind "each". */
static const struct kind {
	const char *name, *before, *after;
} kinds[CAPACITY_KINDS] = {
	[CAPACITY_THREADS] = { "threads", "has", "threads" },
	[CAPACITY_FDS] = { "fds", "takes", "of the supervisor's fds" },
	[CAPACITY_MAPPINGS] = { "mappings", "takes", "of the supervisor's mappings" },
	[CAPACITY_MEMORY] = { "memory", "takes", "of memory" },
};

/* --- finding out --- */

/* The measuring comes first: what the limits leave is then as it was before. */
static void
find_out(struct findings *findings)
{
	*findings = (struct findings){ .works = output_need(calloc(doctor_part_count, sizeof(bool))) };
	findings->nng = tri_nng_version(&findings->threads_settable);
	findings->measured = doctor_measure(&findings->cost) == TRACTOR_OK;
	if (findings->measured) {
		findings->limit_count = doctor_limits(&findings->cost, findings->limits);
		capacity_order(findings->limits, findings->limit_count, findings->cost.each);
	} else
		snprintf(findings->error, sizeof(findings->error), "%s", tractor_why());
	for (size_t i = 0; i < doctor_part_count; i++)
		findings->works[i] = doctor_parts[i].works();
}

static bool
is_well(const struct findings *findings)
{
	bool well = findings->measured;

	for (size_t i = 0; i < doctor_part_count; i++)
		well = well && (findings->works[i] || !doctor_parts[i].is_needed);
	return well;
}

/* CAPACITY_UNLIMITED: nothing that we know of stops them. */
static uint64_t
actors_at(const struct findings *findings, size_t which)
{
	return which < findings->limit_count ? capacity_actors(&findings->limits[which], findings->cost.each)
					     : CAPACITY_UNLIMITED;
}

/* --- as text --- */

static const char *
amount_text(enum capacity_kind kind, uint64_t amount, char text[CELL_BYTES])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double scaled = (double)amount / 1024;
	size_t unit = 0;

	if (kind != CAPACITY_MEMORY) {
		snprintf(text, CELL_BYTES, "%" PRIu64, amount);
		return text;
	}
	for (; scaled >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		scaled /= 1024;
	snprintf(text, CELL_BYTES, "%.*f %s", unit > 0 && scaled < 100 ? 1 : 0, scaled, units[unit]);
	return text;
}

static void
print_head(const struct findings *findings)
{
	struct utsname system = { .release = "" };

	uname(&system);
	printf("tractor " TRACTOR_VERSION ", nng ");
	output_text(stdout, findings->nng);
	fputs(", Linux ", stdout);
	output_text(stdout, system.release);
	printf(", %ld CPUs\n", sysconf(_SC_NPROCESSORS_ONLN));
}

static void
print_cost(const struct doctor_cost *cost)
{
	enum { WHAT, TAKES, OF_WHICH, COLUMNS };
	static const struct output_column columns[COLUMNS] = { [WHAT] = { "EACH ACTOR", false },
		[TAKES] = { "TAKES", true },
		[OF_WHICH] = { "OF WHICH", false } };
	struct output_table *table = output_table_new(columns, COLUMNS);
	char takes[CELL_BYTES], of_which[4 * CELL_BYTES], own[CELL_BYTES], ours[CELL_BYTES],
		kernel[CELL_BYTES];

	snprintf(of_which, sizeof(of_which), "%s its own, %s the supervisor's, %s the kernel's",
		amount_text(CAPACITY_MEMORY, cost->own_bytes, own),
		amount_text(CAPACITY_MEMORY, cost->supervisor_bytes, ours),
		amount_text(CAPACITY_MEMORY, cost->kernel_bytes, kernel));
	for (enum capacity_kind kind = 0; kind < CAPACITY_KINDS; kind++)
		output_table_add(table,
			(const char *[COLUMNS]){ kinds[kind].name, amount_text(kind, cost->each[kind], takes),
				kind == CAPACITY_MEMORY	   ? of_which
				: kind == CAPACITY_THREADS ? "all its own"
							   : "all the supervisor's" });
	snprintf(takes, sizeof(takes), "%.1f ms", (double)cost->start_us / 1000);
	snprintf(of_which, sizeof(of_which), "the median of %d; the slowest took %.1f ms", DOCTOR_ACTORS,
		(double)cost->start_max_us / 1000);
	output_table_add(table, (const char *[COLUMNS]){ "start", takes, of_which });
	output_table_print(table, stdout, NULL);
	output_table_free(table);
}

static void
print_limits(const struct findings *findings)
{
	enum { NAME, OF, MOST, TAKEN, ACTORS, COLUMNS };
	static const struct output_column columns[COLUMNS] = { [NAME] = { "LIMIT", false },
		[OF] = { "OF", false },
		[MOST] = { "MOST", true },
		[TAKEN] = { "TAKEN", true },
		[ACTORS] = { "ACTORS", true } };
	struct output_table *table = output_table_new(columns, COLUMNS);

	for (size_t i = 0; i < findings->limit_count; i++) {
		const struct capacity_limit *limit = &findings->limits[i];
		char most[CELL_BYTES], taken[CELL_BYTES], actors[CELL_BYTES];
		bool stops = actors_at(findings, i) != CAPACITY_UNLIMITED;
		output_table_add(
			table, (const char *[COLUMNS]){ limit->name, kinds[limit->kind].name,
				       amount_text(limit->kind, limit->most, most),
				       amount_text(limit->kind, limit->taken, taken),
				       stops ? amount_text(CAPACITY_THREADS, actors_at(findings, i), actors)
					     : NULL });
	}
	output_table_print(table, stdout, NULL);
	output_table_free(table);
}

static void
print_capacity(const struct findings *findings)
{
	const struct capacity_limit *first = &findings->limits[0], *next = &findings->limits[1];
	char amount[CELL_BYTES];

	if (actors_at(findings, 0) == CAPACITY_UNLIMITED) {
		puts("Nothing that is known here limits how many actors this machine will carry.");
		return;
	}
	printf("This machine will carry about %" PRIu64
	       " such actors, spares among them. What stops more is %s, as each %s %s %s; what helps: ",
		actors_at(findings, 0), first->name, kinds[first->kind].before,
		amount_text(first->kind, findings->cost.each[first->kind], amount), kinds[first->kind].after);
	output_text(stdout, first->help);
	if (actors_at(findings, 1) != CAPACITY_UNLIMITED) {
		printf(".\nThe next limit is %s, at about %" PRIu64 "; what helps: ", next->name,
			actors_at(findings, 1));
		output_text(stdout, next->help);
	}
	puts(".");
}

static void
print_nng(const struct findings *findings)
{
	if (findings->threads_settable)
		return;
	printf("This nng decides itself how many threads an actor has, by the number of CPUs. With one that has nng_init_set_parameter() "
	       "(1.7 and later) tractor asks for %d task threads and %d each of the expire, poller and resolver ones.\n",
		TRI_NNG_TASK_THREADS, TRI_NNG_OTHER_THREADS);
}

static void
print_text(const struct findings *findings)
{
	print_head(findings);
	if (findings->measured) {
		putchar('\n');
		print_cost(&findings->cost);
		putchar('\n');
		print_limits(findings);
		putchar('\n');
		print_capacity(findings);
	}
	print_nng(findings);
}

/* Also beside JSON: it is what the exit code stands for. */
static void
say_what_is_missing(const struct findings *findings)
{
	if (!findings->measured)
		output_error("nothing could be measured: %s", findings->error);
	for (size_t i = 0; i < doctor_part_count; i++)
		if (!findings->works[i])
			output_error("%s is missing: %s", doctor_parts[i].name, doctor_parts[i].without);
}

/* --- as JSON --- */

/* Null where there is no end. */
static json_t *
number_json(uint64_t number)
{
	return output_need(number < INT64_MAX ? json_integer((json_int_t)number) : json_null());
}

static json_t *
cost_json(const struct doctor_cost *cost)
{
	json_t *json = output_need(json_object());

	for (enum capacity_kind kind = 0; kind < CAPACITY_KINDS; kind++)
		json_object_set_new(json, kind == CAPACITY_MEMORY ? "memory_bytes" : kinds[kind].name,
			number_json(cost->each[kind]));
	json_object_set_new(json, "own_bytes", number_json(cost->own_bytes));
	json_object_set_new(json, "supervisor_bytes", number_json(cost->supervisor_bytes));
	json_object_set_new(json, "kernel_bytes", number_json(cost->kernel_bytes));
	json_object_set_new(json, "start_us", json_integer(cost->start_us));
	json_object_set_new(json, "start_max_us", json_integer(cost->start_max_us));
	return json;
}

static json_t *
limits_json(const struct findings *findings)
{
	json_t *array = output_need(json_array());

	for (size_t i = 0; i < findings->limit_count; i++) {
		const struct capacity_limit *limit = &findings->limits[i];
		json_array_append_new(
			array, output_need(json_pack("{s:s, s:s, s:o, s:o, s:o, s:s}", "name", limit->name,
				       "of", kinds[limit->kind].name, "most", number_json(limit->most),
				       "taken", number_json(limit->taken), "actors",
				       number_json(actors_at(findings, i)), "help", limit->help)));
	}
	return array;
}

static json_t *
parts_json(const struct findings *findings)
{
	json_t *array = output_need(json_array());

	for (size_t i = 0; i < doctor_part_count; i++)
		json_array_append_new(
			array, output_need(json_pack("{s:s, s:b, s:b}", "name", doctor_parts[i].name,
				       "needed", doctor_parts[i].is_needed, "works", findings->works[i])));
	return array;
}

static void
print_json(const struct findings *findings)
{
	json_t *json = output_need(json_pack("{s:b, s:s, s:{s:s, s:b}, s:o, s:o, s:o, s:o}", "ok",
		is_well(findings), "version", TRACTOR_VERSION, "nng", "version", findings->nng,
		"threads_settable", findings->threads_settable, "actors",
		number_json(findings->measured ? actors_at(findings, 0) : 0), "actor",
		findings->measured ? cost_json(&findings->cost) : json_null(), "limits",
		limits_json(findings), "parts", parts_json(findings)));

	if (!findings->measured)
		json_object_set_new(json, "error", output_need(json_string(findings->error)));
	output_json_line(stdout, json);
	json_decref(json);
}

int
cmd_doctor(const struct command_line *line)
{
	struct findings findings;

	find_out(&findings);
	if (line->json)
		print_json(&findings);
	else
		print_text(&findings);
	say_what_is_missing(&findings);
	bool well = is_well(&findings);
	free(findings.works);
	return well ? CONTROL_DONE : CONTROL_FAILED;
}
