/*
 * treekeys.c: the keys of a tree file: where each may stand, how its value is taken, and into which field. A new key is a new row
 * (and a new field of the spec); nothing else has to know it.
 *
 * The functions here know one key's value each; how mappings are walked and keys are told apart is in treewalk.c, what a duration
 * is in treevalue.c, what can be executed in treeexec.c. What is wrong goes into the report, and the walk goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "suggest.h"
#include "treeexec.h"
#include "treewalk.h"

/* Each argument and variable is looked up among those before it; and no process wants more. */
#define PAIRS_MAX 1000

/* So many words may a policy's command line have. */
#define POLICY_WORDS_MAX 100

static void *
field(void *target, const struct treewalk_key *key)
{
	return (char *)target + key->offset;
}

static void
take_name(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct spec *spec = target;
	const char *text = treewalk_text(walk, key, value, "its name, like shop");

	if (text == NULL)
		return;
	if (spec_name_ok(text))
		treewalk_set(walk, &spec->name, text);
	else
		treewalk_complain(walk, value,
			"%s: %s cannot be a name; use 1 to %d of the letters a-z and A-Z, digits, _ and -",
			key->word, treevalue_quote(text).text, SPEC_NAME_MAX);
}

void
treekeys_duration(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treevalue_fault fault;
	const char *text = treewalk_text(walk, key, value, "a duration, like 5s or 250ms");

	if (text != NULL)
		treewalk_accept(walk, key, value,
			treevalue_duration(text, key->min, field(target, key), &fault), &fault);
}

/* The bound of a series: where it can't be understood, nothing is beyond it. */
static void
take_longest(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	*(int64_t *)field(target, key) = SPEC_DURATION_MAX_NS;
	treekeys_duration(walk, key, value, target);
}

void
treekeys_number(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treevalue_fault fault;
	const char *text = treewalk_plain(walk, key, value, "a whole number, like 1");

	if (text != NULL)
		treewalk_accept(walk, key, value,
			treevalue_number(text, key->min, key->max, field(target, key), &fault), &fault);
}

static void
take_size(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treevalue_fault fault;
	const char *text = treewalk_text(walk, key, value, "a size, like 1MB or 64KiB");

	if (text != NULL)
		treewalk_accept(walk, key, value,
			treevalue_size(text, key->min, key->max, field(target, key), &fault), &fault);
}

static void
take_decimal(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treevalue_fault fault;
	const char *text = treewalk_plain(walk, key, value, "a number, like 0.5 or 2");

	if (text != NULL)
		treewalk_accept(walk, key, value,
			treevalue_decimal(text, key->min, key->max, field(target, key), &fault), &fault);
}

static void
take_boolean(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treevalue_fault fault;
	const char *text = treewalk_plain(walk, key, value, "true or false");

	if (text != NULL)
		treewalk_accept(
			walk, key, value, treevalue_boolean(text, field(target, key), &fault), &fault);
}

/* One of `count` words into *ret_index; false: complained. */
static bool
take_word(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	const char *const *words, size_t count, size_t *ret_index)
{
	struct treevalue_fault fault;
	char expected[256];
	const char *text = treewalk_text(
		walk, key, value, treevalue_list(words, count, " or ", expected, sizeof(expected)));

	return text != NULL && treewalk_accept(walk, key, value,
				       treevalue_word(text, words, count, ret_index, &fault), &fault);
}

static void
take_strategy(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	const char *const words[] = { spec_strategy_name(SPEC_ONE_FOR_ONE),
		spec_strategy_name(SPEC_ONE_FOR_ALL), spec_strategy_name(SPEC_REST_FOR_ONE) };
	struct spec *spec = target;
	size_t index;

	if (take_word(walk, key, value, words, sizeof(words) / sizeof(words[0]), &index))
		spec->strategy = (enum spec_strategy)index;
}

static void
take_restart(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	const char *const words[] = { spec_restart_name(SPEC_PERMANENT), spec_restart_name(SPEC_TRANSIENT),
		spec_restart_name(SPEC_TEMPORARY) };
	struct spec *spec = target;
	size_t index = SPEC_TRANSIENT; /* a bad word is not said again as "significant and permanent" */

	take_word(walk, key, value, words, sizeof(words) / sizeof(words[0]), &index);
	spec->restart = (enum spec_restart)index;
}

static void
take_lanes(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	const char *const words[] = { "off", "on" };
	struct spec *spec = target;
	size_t index = true;

	take_word(walk, key, value, words, sizeof(words) / sizeof(words[0]), &index);
	spec->lanes = index;
}

static void
take_auto_shutdown(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	const char *const words[] = { spec_auto_shutdown_name(SPEC_NEVER),
		spec_auto_shutdown_name(SPEC_ANY_SIGNIFICANT),
		spec_auto_shutdown_name(SPEC_ALL_SIGNIFICANT) };
	struct spec *spec = target;
	size_t index = SPEC_ANY_SIGNIFICANT; /* a bad word is not said again of each significant child */

	take_word(walk, key, value, words, sizeof(words) / sizeof(words[0]), &index);
	spec->auto_shutdown = (enum spec_auto_shutdown)index;
}

static void
take_shutdown(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	static const char *const words[] = { "kill", "infinity" };
	struct spec *spec = target;
	struct treevalue_fault fault;
	const char *text = treewalk_text(walk, key, value, "a duration like 5s, kill or infinity");

	if (text == NULL)
		return;
	if (strcmp(text, words[0]) == 0) {
		spec->shutdown_ns = SPEC_SHUTDOWN_KILL;
	} else if (strcmp(text, words[1]) == 0) {
		spec->shutdown_ns = SPEC_SHUTDOWN_INFINITY;
	} else if (strchr("-.0123456789", text[0]) != NULL) {
		treewalk_accept(
			walk, key, value, treevalue_duration(text, 0, &spec->shutdown_ns, &fault), &fault);
	} else {
		const char *near = suggest_word(text, words, sizeof(words) / sizeof(words[0]));
		treewalk_complain(walk, value, "%s: %s is no duration; %s%s%s", key->word,
			treevalue_quote(text).text,
			near != NULL ? "did you mean " : "write one like 5s, or kill or infinity",
			near != NULL ? near : "", near != NULL ? "?" : "");
	}
}

static void
take_exec(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct spec *spec = target;
	struct treevalue_fault fault;
	const char *text = treewalk_text(walk, key, value, "the path of a program, like ./db");

	if (text == NULL)
		return;
	treewalk_set(walk, &spec->exec, text);
	free(spec->exec_path);
	spec->exec_path = NULL;
	treewalk_accept(
		walk, key, value, treeexec_find(text, walk->directory, &spec->exec_path, &fault), &fault);
}

static void
take_role(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct spec *spec = target;
	const char *text = treewalk_text(walk, key, value, "the name of an actor in the program");

	if (text == NULL)
		return;
	if (treevalue_identifier_ok(text))
		treewalk_set(walk, &spec->role, text);
	else
		treewalk_complain(walk, value,
			"%s: %s cannot be an actor's; write the name that TRACTOR_ACTOR or TRACTOR_MAIN gives it",
			key->word, treevalue_quote(text).text);
}

/* NULL, or what is wrong with the name of an argument. */
static const char *
argument_wrong(const char *name)
{
	return name[0] == '\0' ? "an argument's name is empty; give it one, like file" : NULL;
}

/* The same for an environment variable. */
static const char *
variable_wrong(const char *name)
{
	if (strncmp(name, "TRACTOR_", strlen("TRACTOR_")) == 0)
		return "names that begin with TRACTOR_ are tractor's own; choose another name";
	if (!treevalue_identifier_ok(name))
		return "that cannot be a variable's name; use letters, digits and _, not beginning with a digit";
	return NULL;
}

/* One pair of args or env. */
static void
take_pair(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_pair_t *pair,
	const char *(*name_wrong)(const char *name), struct spec_pairs *pairs)
{
	const yaml_node_t *name_node = treewalk_visit(walk, pair->key);
	const yaml_node_t *value_node = treewalk_visit(walk, pair->value);
	if (name_node == NULL || value_node == NULL)
		return;

	const char *name = treewalk_raw(walk, key->word, name_node);
	const char *value = name != NULL ? treewalk_raw(walk, name, value_node) : NULL;
	const char *wrong = name != NULL ? name_wrong(name) : NULL;
	if (wrong != NULL)
		treewalk_complain(
			walk, name_node, "%s: %s: %s", key->word, treevalue_quote(name).text, wrong);
	else if (value != NULL && spec_pair_add(pairs, name, value) != TRACTOR_OK)
		walk->report->out_of_memory = true;
}

/* The line where a pair before `pair` has the same name; 0: none. */
static int
earlier_line(struct treewalk *walk, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);

	for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
		const yaml_node_t *node = yaml_document_get_node(walk->document, other->key);
		if (name->type == YAML_SCALAR_NODE && node->type == YAML_SCALAR_NODE &&
			strcmp((char *)node->data.scalar.value, (char *)name->data.scalar.value) == 0)
			return (int)node->start_mark.line + 1;
	}
	return 0;
}

static void
take_pairs(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	const char *(*name_wrong)(const char *name), struct spec_pairs *pairs)
{
	if (treewalk_nothing(value) || !treewalk_expect(walk, key, value, YAML_MAPPING_NODE,
					       "names with values, like {file: data.bin}"))
		return;
	const yaml_node_pair_t *pair = value->data.mapping.pairs.start, *top = value->data.mapping.pairs.top;
	if (top - pair > PAIRS_MAX) {
		treewalk_complain(walk, value, "%s: has %td entries; write %d at most", key->word, top - pair,
			PAIRS_MAX);
		return;
	}
	for (; pair < top; pair++) {
		int line = earlier_line(walk, value, pair);
		const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
		if (line == 0)
			take_pair(walk, key, pair, name_wrong, pairs);
		else
			treewalk_complain(walk, name, "%s: %s is here twice, first in line %d; remove one",
				key->word, treevalue_quote((char *)name->data.scalar.value).text, line);
	}
}

static void
take_args(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	take_pairs(walk, key, value, argument_wrong, field(target, key));
}

static void
take_env(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	take_pairs(walk, key, value, variable_wrong, field(target, key));
}

static void
take_backoff(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct spec *spec = target;

	if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE, "a mapping, like {initial: 1s, max: 30s}"))
		treewalk_mapping(walk, value, IN_BACKOFF, &spec->backoff);
}

static void
take_log(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct spec *spec = target;

	if (treewalk_expect(walk, key, value, YAML_MAPPING_NODE, "a mapping, like {max_size: 1MB, files: 3}"))
		treewalk_mapping(walk, value, IN_LOG, &spec->log);
}

/* Makes room for the words of a policy; false: there is one already, or no memory. */
static bool
begin_policy(struct treewalk *walk, const yaml_node_t *value, enum spec_policy policy, size_t words,
	struct spec *spec)
{
	if (spec->policy_argv != NULL) {
		treewalk_complain(walk, value, "crash_policy: has both exec and plugin; remove one");
		return false;
	}
	spec->policy = policy;
	spec->policy_argv = calloc(words + 1, sizeof(spec->policy_argv[0]));
	if (spec->policy_argv == NULL)
		walk->report->out_of_memory = true;
	return spec->policy_argv != NULL;
}

static void
take_policy_exec(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct spec *spec = target;
	struct treevalue_fault fault;

	if (!treewalk_expect(walk, key, value, YAML_SEQUENCE_NODE,
		    "a list of the program and its arguments, like [./policy, --verbose]"))
		return;
	const yaml_node_item_t *items = value->data.sequence.items.start;
	size_t count = (size_t)(value->data.sequence.items.top - items);
	if (count == 0 || count > POLICY_WORDS_MAX) {
		treewalk_complain(walk, value,
			"%s: has %zu words; write the program and its arguments, like [./policy, --verbose]",
			key->word, count);
		return;
	}
	if (!begin_policy(walk, value, SPEC_POLICY_EXEC, count, spec))
		return;
	for (size_t i = 0, used = 0; i < count; i++) {
		const yaml_node_t *item = treewalk_visit(walk, items[i]);
		const char *word = item != NULL ? treewalk_raw(walk, key->word, item) : NULL;
		char **slot = &spec->policy_argv[used]; /* no gaps: whoever frees it stops at the first */
		if (word == NULL)
			continue;
		if (i > 0)
			treewalk_set(walk, slot, word);
		else
			treewalk_accept(
				walk, key, item, treeexec_find(word, walk->directory, slot, &fault), &fault);
		used += *slot != NULL;
	}
}

static void
take_policy_plugin(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct spec *spec = target;
	struct treevalue_fault fault;
	const char *text =
		treewalk_text(walk, key, value, "the whole path of a shared object, like /usr/lib/policy.so");

	if (text != NULL && begin_policy(walk, value, SPEC_POLICY_PLUGIN, 1, spec) &&
		treewalk_accept(walk, key, value, treeexec_check_plugin(text, &fault), &fault))
		treewalk_set(walk, &spec->policy_argv[0], text);
}

static void
take_policy(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	static const char *const words[] = { "log" };
	size_t index;

	if (value->type == YAML_SCALAR_NODE && !treewalk_nothing(value)) {
		take_word(walk, key, value, words, 1, &index); /* log is what a new spec has */
		return;
	}
	if (!treewalk_expect(walk, key, value, YAML_MAPPING_NODE,
		    "log, {exec: [./policy]} or {plugin: /path/policy.so}"))
		return;
	if (value->data.mapping.pairs.start == value->data.mapping.pairs.top)
		treewalk_complain(walk, value,
			"%s: is empty; write log, {exec: [./policy]} or {plugin: /path/policy.so}",
			key->word);
	treewalk_mapping(walk, value, IN_POLICY, target);
}

/* The offset of a field, refused by the compiler if its type is not what the row's function writes. */
#define FIELD(of, member, type) \
	(offsetof(struct of, member) + 0 * sizeof(char[_Generic(((struct of *)0)->member, type : 1)]))
#define DURATION(of, member) treekeys_duration, FIELD(of, member, int64_t)
#define LONGEST(of, member) take_longest, FIELD(of, member, int64_t)
#define NUMBER(of, member) treekeys_number, FIELD(of, member, unsigned)
#define SIZE(of, member) take_size, FIELD(of, member, unsigned)
#define DECIMAL(member) take_decimal, FIELD(spec_backoff, member, double)
#define BOOLEAN(member) take_boolean, FIELD(spec, member, bool)
#define PAIRS(take, member) take, FIELD(spec, member, struct spec_pairs)
#define WHOLE(take) take, 0 /* knows its field itself */

#define NO_KIND \
	"this child is neither an actor, a supervisor nor a pool; say which, with its name, like actor: db"
#define NO_EXEC "exec is missing; name the program, like exec: ./db"

/* clang-format off */
const struct treewalk_key treekeys[] = {
	/* key              where it may stand                how, into which field                 min max                 said if missing */
	{ "name",            IN_TREE,                          WHOLE(take_name),                      0, 0,                  "the tree has no name; add one, like name: shop" },
	{ "actor",           IN_ACTOR,                         WHOLE(take_name),                      0, 0,                  NO_KIND },
	{ "supervisor",      IN_SUPERVISOR,                    WHOLE(take_name),                      0, 0,                  NO_KIND },
	{ "pool",            IN_POOL,                          WHOLE(take_name),                      0, 0,                  NO_KIND },
	{ "actor",           IN_MEMBER,                        WHOLE(take_name),                      0, 0,                  "the new member has no name; add one, like actor: s1" },
	{ "exec",            IN_PROCESS,                       WHOLE(take_exec),                      0, 0,                  NO_EXEC },
	{ "role",            IN_PROCESS,                       WHOLE(take_role),                      0, 0,                  NULL },
	{ "args",            IN_PROCESS | IN_MEMBER,           PAIRS(take_args, args),                0, 0,                  NULL },
	{ "env",             IN_PROCESS,                       PAIRS(take_env, env),                  0, 0,                  NULL },
	{ "strategy",        IN_TREE | IN_SUPERVISOR,          WHOLE(take_strategy),                  0, 0,                  NULL },
	{ "intensity",       IN_TREE | IN_SUPERVISOR | IN_POOL, NUMBER(spec, intensity),               0, SPEC_INTENSITY_MAX, NULL },
	{ "period",          IN_TREE | IN_SUPERVISOR | IN_POOL, DURATION(spec, period_ns),             1, 0,                  NULL },
	{ "auto_shutdown",   IN_TREE | IN_SUPERVISOR,          WHOLE(take_auto_shutdown),             0, 0,                  NULL },
	{ "crash_policy",    IN_TREE,                          WHOLE(take_policy),                    0, 0,                  NULL },
	{ "max",             IN_POOL,                          NUMBER(spec, pool_max),                1, SPEC_POOL_MAX,      NULL },
	{ "restart",         IN_CHILD,                         WHOLE(take_restart),                   0, 0,                  NULL },
	{ "shutdown",        IN_CHILD,                         WHOLE(take_shutdown),                  0, 0,                  NULL },
	{ "significant",     IN_ACTOR | IN_SUPERVISOR,         BOOLEAN(significant),                  0, 0,                  NULL },
	{ "start_timeout",   IN_PROCESS,                       DURATION(spec, start_timeout_ns),      1, 0,                  NULL },
	{ "handler_timeout", IN_PROCESS,                       DURATION(spec, handler_timeout_ns),    0, 0,                  NULL },
	{ "handler_cpu_timeout", IN_PROCESS,                   DURATION(spec, handler_cpu_timeout_ns), 0, 0,                 NULL },
	{ "mailbox",         IN_PROCESS,                       NUMBER(spec, mailbox),                 0, SPEC_MAILBOX_MAX,   NULL },
	{ "redeliver",       IN_PROCESS,                       BOOLEAN(redeliver),                    0, 0,                  NULL },
	{ "spares",          IN_PROCESS,                       NUMBER(spec, spares),                  0, SPEC_SPARES_MAX,    NULL },
	{ "lanes",           IN_PROCESS,                       WHOLE(take_lanes),                     0, 0,                  NULL },
	{ "backoff",         IN_PROCESS,                       WHOLE(take_backoff),                   0, 0,                  NULL },
	{ "log",             IN_PROCESS,                       WHOLE(take_log),                       0, 0,                  NULL },
	{ "faults",          IN_ACTOR,                         WHOLE(treefaults_of_actor),            0, 0,                  NULL },
	{ "faults",          IN_TREE,                          WHOLE(treefaults_of_tree),             0, 0,                  NULL },
	{ "children",        IN_TREE | IN_SUPERVISOR,          WHOLE(treechild_list),                 0, 0,                  NULL },
	{ "initial",         IN_BACKOFF,                       DURATION(spec_backoff, initial_ns),    0, 0,                  NULL },
	{ "factor",          IN_BACKOFF,                       DECIMAL(factor),                       1, 1000,               NULL },
	{ "max",             IN_BACKOFF,                       LONGEST(spec_backoff, max_ns),         0, 0,                  NULL },
	{ "jitter",          IN_BACKOFF,                       DECIMAL(jitter),                       0, 1,                  NULL },
	{ "reset",           IN_BACKOFF,                       DURATION(spec_backoff, reset_ns),      0, 0,                  NULL },
	{ "exec",            IN_POLICY,                        WHOLE(take_policy_exec),               0, 0,                  NULL },
	{ "plugin",          IN_POLICY,                        WHOLE(take_policy_plugin),             0, 0,                  NULL },
	{ "max_size",        IN_LOG,                           SIZE(spec_log, max_size),              SPEC_LOG_SIZE_MIN, SPEC_LOG_SIZE_MAX, NULL },
	{ "files",           IN_LOG,                           NUMBER(spec_log, files),               0, SPEC_LOG_FILES_MAX, NULL },
	{ "rate",            IN_LOG,                           NUMBER(spec_log, rate),                0, SPEC_LOG_RATE_MAX,  NULL },
	{ "burst",           IN_LOG,                           NUMBER(spec_log, burst),               1, SPEC_LOG_RATE_MAX,  NULL },
	{ "path",            IN_TREE_FAULT,                    WHOLE(treefaults_path),                0, 0,                  "this fault has no path; name its actor, like path: /shop/db" },
	{ "fault",           IN_FAULT | IN_TREE_FAULT,         WHOLE(treefaults_fault),               0, 0,                  "which fault? add it, like fault: segv" },
	{ "at",              IN_FAULT | IN_TREE_FAULT,         WHOLE(treefaults_place),               0, 0,                  NULL },
	{ "probability",     IN_FAULT | IN_TREE_FAULT,         WHOLE(treefaults_probability),         0, 0,                  NULL },
	{ "seed",            IN_FAULT | IN_TREE_FAULT,         WHOLE(treefaults_seed),                0, 0,                  NULL },
};
/* clang-format on */

const size_t treekeys_count = sizeof(treekeys) / sizeof(treekeys[0]);
_Static_assert(sizeof(treekeys) / sizeof(treekeys[0]) <= TREEKEYS_MAX,
	"the walk notes each row of a mapping on its stack");

static const char *
place_name(unsigned place)
{
	switch (place) {
	case IN_TREE: return "the tree";
	case IN_SUPERVISOR: return "a supervisor";
	case IN_ACTOR: return "an actor";
	case IN_POOL: return "a pool";
	case IN_BACKOFF: return "backoff";
	case IN_LOG: return "log";
	case IN_FAULT: return "an actor's fault";
	case IN_TREE_FAULT: return "the tree's faults";
	case IN_MEMBER: return "a pool's new member";
	default: return "crash_policy";
	}
}

const struct treewalk_table treekeys_table = {
	.keys = treekeys,
	.count = sizeof(treekeys) / sizeof(treekeys[0]),
	.place_name = place_name,
	.told = IN_MEMBER,
};

bool
treekeys_is_kind(const struct treewalk_key *key)
{
	return key->take == take_name && (key->places & IN_CHILD) != 0;
}
