/* bench.c: runs the measuring programs in turn, round after round, and says what came of it. Knows nothing of tractor: that is measured by a program like all others. */
#include "bench.h"

#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

#define ROUNDS 5
#define QUICK_ROUNDS 3

static const char usage[] =
	"usage: bench --programs FOLDER --sources FOLDER --work FOLDER [--out FOLDER] [--quick | --smoke] [--long] [--rounds N] [--only NAME]\n"
	"       bench --check FILE\n";

static bool
is_wanted(const struct setup *setup, const struct figure *figure, unsigned round)
{
	return (!figure->is_long || setup->is_long) &&
	       (figure->rounds_max == 0 || round < figure->rounds_max) &&
	       (!setup->only || strncmp(figure->name, setup->only, strlen(setup->only)) == 0);
}

static void
take_all(const struct setup *setup, struct result *results)
{
	for (size_t turn = 0; turn < figure_count * setup->rounds; turn++) {
		struct stats_turn now = stats_turn(turn, figure_count);
		const struct figure *figure = &figures[now.figure];
		struct result *result = &results[now.figure];
		if (!is_wanted(setup, figure, now.round) || result->skipped[0] != '\0')
			continue;
		fprintf(stderr, "round %u of %u: %s\n", now.round + 1, setup->rounds, figure->name);
		run_figure(setup, figure, result);
	}
	for (size_t i = 0; i < figure_count; i++)
		stats_sort(results[i].samples, results[i].count);
}

static void
write_files(const struct setup *setup, const struct machine *machine, const struct result *results)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/bench.json", setup->out);
	if (!say_json(path, machine, setup, results))
		err(1, "%s", path);
	snprintf(path, sizeof(path), "%s/bench.svg", setup->out);
	FILE *file = fopen(path, "we");
	if (!file)
		err(1, "%s", path);
	draw(file, machine, results);
	if (fclose(file) != 0)
		err(1, "%s", path);
	fprintf(stderr, "%s/bench.json and bench.svg have it, too\n", setup->out);
}

static bool
is_whole(const struct setup *setup)
{
	return setup->programs && setup->sources && setup->work && setup->rounds >= 1 &&
	       setup->rounds <= ROUNDS_MAX;
}

/* The file that is to be checked; NULL: none is. */
static const char *
parse(int argc, char **argv, struct setup *setup)
{
	static const struct option known[] = {
		{ "programs", required_argument, NULL, 'p' },
		{ "sources", required_argument, NULL, 'S' },
		{ "work", required_argument, NULL, 'w' },
		{ "out", required_argument, NULL, 'o' },
		{ "only", required_argument, NULL, 'n' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "quick", no_argument, NULL, 'q' },
		{ "smoke", no_argument, NULL, 's' },
		{ "long", no_argument, NULL, 'l' },
		{ "check", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	const char *check = NULL;

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (option) {
		case 'p': setup->programs = optarg; break;
		case 'S': setup->sources = optarg; break;
		case 'w': setup->work = optarg; break;
		case 'o': setup->out = optarg; break;
		case 'n': setup->only = optarg; break;
		case 'r': setup->rounds = (unsigned)atoi(optarg); break;
		case 'q': setup->size = SIZE_QUICK; break;
		case 's': setup->size = SIZE_SMOKE; break;
		case 'l': setup->is_long = true; break;
		case 'c': check = optarg; break;
		default: setup->programs = NULL; return NULL;
		}
	if (setup->rounds == 0)
		setup->rounds = setup->size == SIZE_WHOLE   ? ROUNDS
				: setup->size == SIZE_QUICK ? QUICK_ROUNDS
							    : 1;
	return check;
}

int
main(int argc, char **argv)
{
	struct setup setup = { .out = "." };
	const char *check = parse(argc, argv, &setup);

	if (check)
		return say_check(check) ? 0 : 1;
	if (!is_whole(&setup)) {
		fputs(usage, stderr);
		return 2;
	}
	struct machine machine = say_machine();
	struct result *results = calloc(figure_count, sizeof(*results));
	if (!results)
		err(1, NULL);
	take_all(&setup, results);
	say_table(&machine, &setup, results);
	say_goals(results);
	fflush(stdout);
	write_files(&setup, &machine, results);
	for (size_t i = 0; i < figure_count; i++)
		free(results[i].samples);
	free(results);
	return 0;
}
