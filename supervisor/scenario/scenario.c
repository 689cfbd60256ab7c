/* scenario.c: owns the memory of scenarios, and knows a step's name. */
#include "scenariofile.h"

#include <stdio.h>
#include <stdlib.h>

static void
free_steps(struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];
		free(step->whom.path);
		free((char *)step->fault.fault);
		free((char *)step->fault.at);
		free(step->message);
		json_decref(step->fields);
		json_decref(step->reply);
		free(step->cause);
	}
	free(steps->items);
}

void
scenario_free(struct scenario_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		struct scenario *scenario = &file->items[i];
		free(scenario->name);
		free(scenario->tree.path);
		free_steps(&scenario->steps);
		free_steps(&scenario->workload);
		free_steps(&scenario->check);
		for (size_t actor = 0; actor < scenario->actor_count; actor++)
			free(scenario->actors[actor].path);
		free(scenario->actors);
		free(scenario->fault);
	}
	free(file->items);
	*file = (struct scenario_file){ .items = NULL };
}

char *
scenario_step_text(const struct step *step)
{
	static const char *const words[] = {
#define SCENARIO_STEP_WORD(constant, word) [constant] = word,
		SCENARIO_STEPS(SCENARIO_STEP_WORD)
#undef SCENARIO_STEP_WORD
	};
	char fault[SPEC_FAULT_TEXT_BYTES] = "", *text;

	if (step->kind == STEP_INJECT)
		spec_fault_text(&step->fault, fault);
	const char *more = step->kind == STEP_INJECT ? fault : step->message;
	if (asprintf(&text, "%s%s%s%s%s", words[step->kind], step->whom.path != NULL ? " " : "",
		    step->whom.path != NULL ? step->whom.path : "", more != NULL ? " " : "",
		    more != NULL ? more : "") < 0)
		return NULL;
	return text;
}
