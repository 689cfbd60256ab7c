/*
 * scenariokeys.c: the keys of a scenario file: where each may stand, how its value is taken, and into which field. A new step is a new word of SCENARIO_STEPS and a row here (and a function of
 * scenariorun.c). What is wrong goes into the report, and the walk goes on.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "faultspec.h"
#include "scenarioread.h"
#include "suggest.h"
#include "why.h"

#define ACTORS_MAX 256 /* as many as the library looks at */
#define STEPS_EXPECTED "a list of steps, each beginning with \"- \""
#define PATH_EXPECTED "a path, like /shop/db"

static struct scenarioread *
read_of(struct treewalk *walk)
{
	return (struct scenarioread *)walk;
}

static void *
field(void *target, const struct treewalk_key *key)
{
	return (char *)target + key->offset;
}

static void
set_mention(struct treewalk *walk, const yaml_node_t *where, const char *path, struct mention *mention)
{
	treewalk_set(walk, &mention->path, path);
	mention->line = (int)where->start_mark.line + 1;
	mention->column = (int)where->start_mark.column + 1;
}

static void
take_text(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	const char *text = treewalk_text(walk, key, value, "a text");

	if (text != NULL)
		treewalk_set(walk, field(target, key), text);
}

static void
take_path(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	const char *text = treewalk_text(walk, key, value, PATH_EXPECTED);

	if (text != NULL)
		set_mention(walk, value, text, field(target, key));
}

/* --- a scenario --- */

static void
take_tree(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct scenario *scenario = target;
	const char *text = treewalk_text(walk, key, value, "the path of a tree file, like shop.yaml");
	char *path;

	if (text == NULL)
		return;
	if (asprintf(&path, "%s%s%s", text[0] == '/' ? "" : read_of(walk)->directory,
		    text[0] == '/' ? "" : "/", text) < 0) {
		walk->report->out_of_memory = true;
		return;
	}
	set_mention(walk, value, path, &scenario->tree);
	free(path);
}

static void
take_scenarios(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	(void)target;
	if (treewalk_expect(walk, key, value, YAML_SEQUENCE_NODE,
		    "a list of scenarios, like [{name: a crash, steps: [...]}]"))
		read_of(walk)->scenarios = value;
}

/* --- steps --- */

/* Takes over what the step has. */
static void
add_step(struct treewalk *walk, struct steps *steps, struct step *step)
{
	struct step *items = reallocarray(steps->items, steps->count + 1, sizeof(*items));
	const yaml_node_t *where = read_of(walk)->step;

	if (items == NULL) {
		walk->report->out_of_memory = true;
		return;
	}
	step->line = (int)where->start_mark.line + 1;
	step->column = (int)where->start_mark.column + 1;
	items[steps->count++] = *step;
	steps->items = items;
}

static char *
copy(struct treewalk *walk, const char *text)
{
	char *copy = NULL;

	if (text != NULL)
		treewalk_set(walk, &copy, text);
	return copy;
}

static void
take_inject(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treefault fault = { .path = NULL };
	struct step step = { .kind = STEP_INJECT };

	if (!treewalk_expect(
		    walk, key, value, YAML_MAPPING_NODE, "a fault, like {path: /shop/db, fault: segv}"))
		return;
	treewalk_mapping(walk, value, IN_INJECT, &fault);
	if (!fault.bad && fault.fault.fault != NULL)
		treefaults_fits(walk, value, &fault);
	if (fault.path == NULL)
		return;
	set_mention(walk, fault.path_node, fault.path, &step.whom);
	step.fault = fault.fault;
	step.fault.fault = copy(walk, fault.fault.fault);
	step.fault.at = copy(walk, fault.fault.at);
	add_step(walk, target, &step);
}

/* A step whose keys go into the step itself. */
static void
take_step(struct treewalk *walk, const yaml_node_t *value, unsigned place, enum step_kind kind,
	struct steps *steps)
{
	struct step step = { .kind = kind, .times = 1 };

	if (value != NULL)
		treewalk_mapping(walk, value, place, &step);
	if (step.reply != NULL && step.fails != TRACTOR_OK)
		treewalk_complain(walk, value, "it has either a reply or an error; remove reply or fails");
	add_step(walk, steps, &step);
}

static void
take_tell(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE,
		    "whom and what, like {to: /shop/db, message: db.put, fields: {id: 7}}"))
		take_step(walk, value, IN_TELL, STEP_TELL, target);
}

static void
take_ask(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE,
		    "whom and what, like {to: /shop/db, message: db.get, reply: {id: 7}}"))
		take_step(walk, value, IN_ASK, STEP_ASK, target);
}

static void
take_restarted(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE,
		    "who and how, like {path: /shop/db, cause: SIGSEGV, incarnation: 2}"))
		take_step(walk, value, IN_RESTARTED, STEP_RESTARTED, target);
}

/* A path alone, or with a deadline. */
static void
take_escalated(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct step step = { .kind = STEP_ESCALATED };

	if (value->type == YAML_MAPPING_NODE) {
		take_step(walk, value, IN_ESCALATED, STEP_ESCALATED, target);
		return;
	}
	const char *text = treewalk_text(walk, key, value, "the path of a supervisor, like /shop/workers");
	if (text == NULL)
		return;
	set_mention(walk, value, text, &step.whom);
	add_step(walk, target, &step);
}

static void
take_one_untouched(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct step step = { .kind = STEP_UNTOUCHED };
	const char *text = treewalk_text(walk, key, value, PATH_EXPECTED);

	if (text == NULL)
		return;
	set_mention(walk, value, text, &step.whom);
	add_step(walk, target, &step);
}

/* A path, or a list of them, each of which is a step. */
static void
take_untouched(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	if (value->type != YAML_SEQUENCE_NODE) {
		take_one_untouched(walk, key, value, target);
		return;
	}
	const yaml_node_item_t *top = value->data.sequence.items.top;
	for (const yaml_node_item_t *item = value->data.sequence.items.start; item < top; item++) {
		const yaml_node_t *node = treewalk_visit(walk, *item);
		if (node != NULL)
			take_one_untouched(walk, key, node, target);
	}
}

/* These may stand alone: `value` is NULL then. */
static void
take_healthy(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	if (value == NULL || treewalk_nothing(value))
		take_step(walk, NULL, IN_HEALTHY, STEP_HEALTHY, target);
	else if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE, "nothing, or {within: 5s}"))
		take_step(walk, value, IN_HEALTHY, STEP_HEALTHY, target);
}

static void
take_nothing_lost(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	if (value == NULL || treewalk_nothing(value))
		take_step(walk, NULL, IN_NOTHING, STEP_NOTHING_LOST, target);
	else
		treewalk_complain(walk, value, "%s: found %s; it stands alone", key->word,
			treewalk_describe(value).text);
}

static void
take_word(struct treewalk *walk, const yaml_node_t *item, unsigned place, struct steps *steps)
{
	const char *words[TREEKEYS_MAX], *text = treewalk_raw(walk, "a step", item);
	const struct treewalk_key *key = text != NULL ? treewalk_find_key(walk, text, place) : NULL;
	size_t count = 0;

	if (text == NULL)
		return;
	if (key != NULL && (key->take == take_healthy || key->take == take_nothing_lost)) {
		key->take(walk, key, NULL, steps);
		return;
	}
	if (key != NULL) {
		treewalk_complain(
			walk, item, "%s needs more: write \"- %s: \" and what belongs to it", text, text);
		return;
	}
	for (size_t i = 0; i < walk->table->count; i++)
		if ((walk->table->keys[i].places & place) != 0)
			words[count++] = walk->table->keys[i].word;
	const char *near = suggest_word(text, words, count);
	char list[256];
	treewalk_complain(walk, item, "there is no step %s; %s%s%s", treevalue_quote(text).text,
		near != NULL ? "did you mean \"" : "write ",
		near != NULL ? near : treevalue_list(words, count, " or ", list, sizeof(list)),
		near != NULL ? "\"?" : "");
}

static void
take_item(struct treewalk *walk, const yaml_node_t *item, unsigned place, struct steps *steps)
{
	ptrdiff_t keys = 0;

	read_of(walk)->step = item;
	if (item->type == YAML_SCALAR_NODE) {
		take_word(walk, item, place, steps);
		return;
	}
	if (item->type == YAML_MAPPING_NODE)
		keys = item->data.mapping.pairs.top - item->data.mapping.pairs.start;
	if (keys == 1)
		treewalk_mapping(walk, item, place, steps);
	else if (item->type == YAML_MAPPING_NODE)
		treewalk_complain(walk, item,
			"a step has one key, and what belongs to it behind that, in { }, or further in below; here are %td keys",
			keys);
	else
		treewalk_complain(walk, item, "found %s; write a step, like expect_healthy",
			treewalk_describe(item).text);
}

static void
take_list(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, unsigned place,
	struct steps *steps)
{
	if (!treewalk_expect(walk, key, value, YAML_SEQUENCE_NODE, STEPS_EXPECTED))
		return;
	const yaml_node_item_t *item = value->data.sequence.items.start,
			       *top = value->data.sequence.items.top;
	if (item == top)
		treewalk_complain(walk, value, "%s: is empty; write %s", key->word, STEPS_EXPECTED);
	for (; item < top && !treewalk_full(walk); item++) {
		const yaml_node_t *node = treewalk_visit(walk, *item);
		if (node != NULL)
			take_item(walk, node, place, steps);
	}
}

static void
take_steps(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	take_list(walk, key, value, IN_STEPS, field(target, key));
}

static void
take_work(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	take_list(walk, key, value, IN_WORK, field(target, key));
}

/* --- what tells and asks have --- */

static void
take_json(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	json_t **json = field(target, key);

	if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE, "names with values, like {amount: 5}"))
		*json = scenariojson_value(walk, key->word, value);
}

static void
take_fails(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	static const tractor_err errors[] = { TRACTOR_ECRASHED, TRACTOR_ESTOPPED, TRACTOR_EREFUSED,
		TRACTOR_ETIMEDOUT, TRACTOR_EFULL, TRACTOR_EDEADLOCK, TRACTOR_ECLOSED, TRACTOR_EUNREACHABLE };
	const char *words[sizeof(errors) / sizeof(errors[0])];
	const size_t count = sizeof(errors) / sizeof(errors[0]);
	struct treevalue_fault fault;
	struct step *step = target;
	size_t index;
	const char *text = treewalk_text(walk, key, value, "an error, like TRACTOR_ECRASHED");

	for (size_t i = 0; i < count; i++)
		words[i] = tractor_err_name(errors[i]);
	if (text != NULL &&
		treewalk_accept(walk, key, value, treevalue_word(text, words, count, &index, &fault), &fault))
		step->fails = errors[index];
}

/* As `tractor status` has a last exit. */
static bool
is_cause(const char *text)
{
	static const char *const words[] = { "panic", "deadline", "oom", "protocol_violation", "normal",
		"shutdown", "not started" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	for (int signal = 1; strncmp(text, "SIG", 3) == 0 && signal < NSIG; signal++)
		if (sigabbrev_np(signal) != NULL && strcmp(text + 3, sigabbrev_np(signal)) == 0)
			return true;
	return strncmp(text, "exit ", 5) == 0 && text[5] != '\0' &&
	       text[5 + strspn(text + 5, "0123456789")] == '\0';
}

static void
take_cause(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct step *step = target;
	const char *text = treewalk_text(walk, key, value, "how the one before ended, like SIGSEGV or panic");

	if (text == NULL)
		return;
	if (is_cause(text))
		treewalk_set(walk, &step->cause, text);
	else
		treewalk_complain(walk, value,
			"%s: nobody ends by %s; write a signal, like SIGSEGV, or panic, deadline, oom, protocol_violation, exit N, normal",
			key->word, treevalue_quote(text).text);
}

/* --- every crash there is --- */

static void
take_everywhere(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct scenario *scenario = target;

	scenario->everywhere = true;
	if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE,
		    "what is done and what must be so then: {workload: [...], check: [...]}"))
		treewalk_mapping(walk, value, IN_EVERYWHERE, scenario);
}

static void
take_actors(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct scenario *scenario = target;

	if (!treewalk_expect(walk, key, value, YAML_SEQUENCE_NODE, "a list of paths, like [/shop/db]"))
		return;
	const yaml_node_item_t *item = value->data.sequence.items.start,
			       *top = value->data.sequence.items.top;
	if (top == item || top - item > ACTORS_MAX) {
		treewalk_complain(walk, value, "%s: has %td entries; write 1 to %d, or leave it out for all",
			key->word, top - item, ACTORS_MAX);
		return;
	}
	scenario->actors = calloc((size_t)(top - item), sizeof(*scenario->actors));
	if (scenario->actors == NULL)
		walk->report->out_of_memory = true;
	for (; scenario->actors != NULL && item < top; item++) {
		const yaml_node_t *node = treewalk_visit(walk, *item);
		const char *text = node != NULL ? treewalk_text(walk, key, node, PATH_EXPECTED) : NULL;
		if (text != NULL)
			set_mention(walk, node, text, &scenario->actors[scenario->actor_count++]);
	}
}

/* One that can be at a message, where this one is to be. */
static void
take_fault(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct scenario *scenario = target;
	struct faultspec spec;
	const char *text = treewalk_text(walk, key, value, "what is to happen, like segv; or leave it out");

	if (text == NULL)
		return;
	if (faultspec_parse(text, FAULTSPEC_ANY, &spec) == TRACTOR_OK)
		treewalk_set(walk, &scenario->fault, text);
	else
		treewalk_complain(walk, value, "%s: %s", key->word, tractor_why());
}

/* --- the table --- */

static const char *
place_name(unsigned place)
{
	switch (place) {
	case IN_FILE: return "the file";
	case IN_SCENARIO: return "a scenario";
	case IN_STEPS: return "steps";
	case IN_WORK: return "a workload or a check";
	case IN_EVERYWHERE: return "crash_everywhere";
	case IN_INJECT: return "inject";
	case IN_TELL: return "tell";
	case IN_ASK: return "ask";
	case IN_RESTARTED: return "expect_restarted";
	case IN_ESCALATED: return "expect_escalated";
	default: return "expect_healthy";
	}
}

/* The offset of a field, refused by the compiler if its type is not what the row's function writes. */
#define FIELD(of, member, type) \
	(offsetof(struct of, member) + 0 * sizeof(char[_Generic(((struct of *)0)->member, type : 1)]))
#define DURATION(of) treekeys_duration, FIELD(of, within_ns, int64_t)
#define NUMBER(member) treekeys_number, FIELD(step, member, unsigned)
#define TEXT(of, member) take_text, FIELD(of, member, char *)
#define PATH take_path, FIELD(step, whom, struct mention)
#define JSON(member) take_json, FIELD(step, member, json_t *)
#define STEPS(take, member) take, FIELD(scenario, member, struct steps)
#define WHOLE(take) take, 0 /* knows its field itself */

#define IN_TALK (IN_TELL | IN_ASK)
#define IN_EACH (IN_FILE | IN_SCENARIO)
#define NO_PATH "whose? add its path, like path: /shop/db"

/* clang-format off */
static const struct treewalk_key keys[] = {
	/* key                where it may stand         how, into which field        min max                said if missing */
	{ "name",             IN_EACH,                   TEXT(scenario, name),        0, 0,                  NULL },
	{ "tree",             IN_EACH,                   WHOLE(take_tree),            0, 0,                  NULL },
	{ "within",           IN_EACH,                   DURATION(scenario),          1, 0,                  NULL },
	{ "scenarios",        IN_FILE,                   WHOLE(take_scenarios),       0, 0,                  NULL },
	{ "steps",            IN_EACH,                   STEPS(take_steps, steps),    0, 0,                  NULL },
	{ "crash_everywhere", IN_EACH,                   WHOLE(take_everywhere),      0, 0,                  NULL },
	{ "workload",         IN_EVERYWHERE,             STEPS(take_work, workload),  0, 0,                  "what is to be done? add it, like workload: [{tell: ...}]" },
	{ "check",            IN_EVERYWHERE,             STEPS(take_work, check),     0, 0,                  "what must be so then? add it, like check: [{ask: ...}]" },
	{ "actors",           IN_EVERYWHERE,             WHOLE(take_actors),          0, 0,                  NULL },
	{ "fault",            IN_EVERYWHERE,             WHOLE(take_fault),           0, 0,                  NULL },
	{ "inject",           IN_STEPS,                  WHOLE(take_inject),          0, 0,                  NULL },
	{ "tell",             IN_STEPS | IN_WORK,        WHOLE(take_tell),            0, 0,                  NULL },
	{ "ask",              IN_STEPS | IN_WORK,        WHOLE(take_ask),             0, 0,                  NULL },
	{ "expect_restarted", IN_STEPS,                  WHOLE(take_restarted),       0, 0,                  NULL },
	{ "expect_untouched", IN_STEPS,                  WHOLE(take_untouched),       0, 0,                  NULL },
	{ "expect_escalated", IN_STEPS,                  WHOLE(take_escalated),       0, 0,                  NULL },
	{ "expect_healthy",   IN_STEPS,                  WHOLE(take_healthy),         0, 0,                  NULL },
	{ "expect_nothing_lost", IN_STEPS,               WHOLE(take_nothing_lost),    0, 0,                  NULL },
	{ "path",             IN_INJECT,                 WHOLE(treefaults_path),      0, 0,                  NO_PATH },
	{ "fault",            IN_INJECT,                 WHOLE(treefaults_fault),     0, 0,                  "which fault? add it, like fault: segv" },
	{ "at",               IN_INJECT,                 WHOLE(treefaults_place),     0, 0,                  NULL },
	{ "probability",      IN_INJECT,                 WHOLE(treefaults_probability), 0, 0,                NULL },
	{ "seed",             IN_INJECT,                 WHOLE(treefaults_seed),      0, 0,                  NULL },
	{ "to",               IN_TALK,                   PATH,                        0, 0,                  "to whom? add it, like to: /shop/db" },
	{ "message",          IN_TALK,                   TEXT(step, message),         0, 0,                  "which message? add it, like message: counter.get" },
	{ "fields",           IN_TALK,                   JSON(fields),                0, 0,                  NULL },
	{ "reply",            IN_ASK,                    JSON(reply),                 0, 0,                  NULL },
	{ "fails",            IN_TALK,                   WHOLE(take_fails),           0, 0,                  NULL },
	{ "times",            IN_TALK,                   NUMBER(times),               1, SCENARIO_TIMES_MAX, NULL },
	{ "path",             IN_RESTARTED | IN_ESCALATED, PATH,                      0, 0,                  NO_PATH },
	{ "cause",            IN_RESTARTED,              WHOLE(take_cause),           0, 0,                  NULL },
	{ "incarnation",      IN_RESTARTED,              NUMBER(incarnation),         1, 1000000000,         "as which incarnation? add it, like incarnation: 2" },
	{ "within",           IN_TALK | IN_RESTARTED | IN_ESCALATED | IN_HEALTHY, DURATION(step), 1, 0,      NULL },
};
/* clang-format on */

_Static_assert(
	sizeof(keys) / sizeof(keys[0]) <= TREEKEYS_MAX, "the walk notes each row of a mapping on its stack");

const struct treewalk_table scenariokeys_table = {
	.keys = keys,
	.count = sizeof(keys) / sizeof(keys[0]),
	.place_name = place_name,
	.told = IN_NOTHING,
};
