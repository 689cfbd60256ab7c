/*
 * childinfo.c: what a program may know of the children of its tree: their states, their number, their specs. Everything is a copy in one allocation, which lives on when the child does not.
 * It changes nothing but what has happened until now being taken in first.
 */
#include <stdlib.h>
#include <string.h>

#include "slot.h"
#include "why.h"

/* The program's words are the core's. */
_Static_assert((int)TRACTOR_CHILD_STOPPED == NODE_STOPPED && (int)TRACTOR_CHILD_WAITING == NODE_WAITING &&
		       (int)TRACTOR_CHILD_STARTING == NODE_STARTING &&
		       (int)TRACTOR_CHILD_RUNNING == NODE_RUNNING &&
		       (int)TRACTOR_CHILD_STOPPING == NODE_STOPPING,
	"states");
_Static_assert((int)TRACTOR_KIND_SUPERVISOR == SPEC_SUPERVISOR && (int)TRACTOR_KIND_ACTOR == SPEC_ACTOR &&
		       (int)TRACTOR_KIND_POOL == SPEC_POOL,
	"kinds");
_Static_assert((int)TRACTOR_PERMANENT == SPEC_PERMANENT && (int)TRACTOR_TRANSIENT == SPEC_TRANSIENT &&
		       (int)TRACTOR_TEMPORARY == SPEC_TEMPORARY,
	"restart types");
_Static_assert((int)TRACTOR_ONE_FOR_ONE == SPEC_ONE_FOR_ONE && (int)TRACTOR_ONE_FOR_ALL == SPEC_ONE_FOR_ALL &&
		       (int)TRACTOR_REST_FOR_ONE == SPEC_REST_FOR_ONE,
	"strategies");
_Static_assert((int)TRACTOR_NEVER == SPEC_NEVER && (int)TRACTOR_ANY_SIGNIFICANT == SPEC_ANY_SIGNIFICANT &&
		       (int)TRACTOR_ALL_SIGNIFICANT == SPEC_ALL_SIGNIFICANT,
	"auto_shutdown");

const char *
tractor_child_kind_name(enum tractor_child_kind kind)
{
	static const char *const names[] = {
#define KIND_NAME(constant, word) word,
		TRACTOR_CHILD_KINDS(KIND_NAME)
#undef KIND_NAME
	};

	return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

const char *
tractor_child_state_name(enum tractor_child_state state)
{
	static const char *const names[] = {
#define STATE_NAME(constant, word) word,
		TRACTOR_CHILD_STATES(STATE_NAME)
#undef STATE_NAME
	};

	return (unsigned)state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

/* --- one allocation: what goes into it is laid out twice, the first time only to be measured --- */

struct pack {
	char *memory; /* NULL: this is the measuring */
	size_t used;
};

static void *
pack_room(struct pack *pack, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t at = (pack->used + align - 1) / align * align;

	pack->used = at + size;
	return pack->memory ? pack->memory + at : NULL;
}

static const char *
pack_text(struct pack *pack, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char *room = text ? pack_room(pack, size) : NULL;

	return room ? memcpy(room, text, size) : NULL;
}

/* "key", "value", ..., NULL */
static const char *const *
pack_pairs(struct pack *pack, const struct spec_pairs *pairs)
{
	const char **words = pack_room(pack, (2 * pairs->count + 1) * sizeof(*words));

	for (size_t i = 0; i < pairs->count; i++) {
		const char *key = pack_text(pack, pairs->items[i].key),
			   *value = pack_text(pack, pairs->items[i].value);
		if (words) {
			words[2 * i] = key;
			words[2 * i + 1] = value;
		}
	}
	if (words)
		words[2 * pairs->count] = NULL;
	return words;
}

typedef void *pack_all(struct pack *pack, const struct node *node);

/* Lays `node` out by `layout`, whose first room is what the caller gets. TRACTOR_ENOMEM. */
static tractor_err
pack_make(pack_all *layout, const struct node *node, void **ret_memory)
{
	struct pack pack = { .memory = NULL };

	layout(&pack, node);
	pack.memory = calloc(1, pack.used);
	if (!pack.memory)
		return TRACTOR_ENOMEM;
	pack.used = 0;
	*ret_memory = layout(&pack, node);
	return TRACTOR_OK;
}

/* --- states --- */

const char *
childinfo_last_exit(const struct node *node)
{
	if (slot_of(node))
		return slot_of(node)->last_exit;
	return node->last_end == NODE_END_NONE ? "" : node_end_name(node->last_end);
}

enum spec_restart
childinfo_restart(const struct node *node)
{
	return node->spec->kind == SPEC_POOL ? SPEC_PERMANENT : node->spec->restart;
}

/* `info` NULL: only measured. */
static void
lay_info(struct pack *pack, const struct node *node, struct tractor_child_info *info)
{
	struct slot *slot = slot_of(node);
	const char *path = pack_text(pack, node->path),
		   *last_exit = pack_text(pack, childinfo_last_exit(node));

	if (!info)
		return;
	*info = (struct tractor_child_info){ .path = path,
		.kind = (enum tractor_child_kind)node->spec->kind,
		.state = (enum tractor_child_state)node->state,
		.pid = slot ? slot->pid : 0,
		.address = { .actor = node->spec->kind == SPEC_ACTOR ? node->id : 0 },
		.incarnation = node->incarnation,
		.restart = (enum tractor_restart)childinfo_restart(node),
		.restarts = node->restarts,
		.significant = node->spec->significant,
		.last_exit = last_exit,
		.last_end = node->last_end == NODE_END_NONE ? "" : node_end_name(node->last_end) };
}

static void *
lay_one(struct pack *pack, const struct node *node)
{
	struct tractor_child_info *info = pack_room(pack, sizeof(*info));

	lay_info(pack, node, info);
	return info;
}

static void *
lay_children(struct pack *pack, const struct node *parent)
{
	struct tractor_child_info *items = pack_room(pack, parent->child_count * sizeof(*items));

	for (size_t i = 0; i < parent->child_count; i++)
		lay_info(pack, parent->children[i], items ? &items[i] : NULL);
	return items;
}

/* --- specs --- */

static int64_t
milliseconds(int64_t ns)
{
	return ns == SPEC_SHUTDOWN_INFINITY ? TRACTOR_INFINITY : ns / SPEC_MILLISECOND;
}

static int64_t
or_none(int64_t ns)
{
	return ns == 0 ? TRACTOR_NONE : ns / SPEC_MILLISECOND;
}

static int64_t
shutdown_ms(const struct spec *spec)
{
	return spec->shutdown_ns == SPEC_SHUTDOWN_KILL ? TRACTOR_KILL : milliseconds(spec->shutdown_ns);
}

static uint32_t
intensity(const struct spec *spec)
{
	return spec->intensity == 0 ? TRACTOR_NO_RESTARTS : spec->intensity;
}

static struct tractor_log_limits
log_limits(const struct spec_log *log)
{
	return (struct tractor_log_limits){ .max_size = log->max_size,
		.files = log->files == 0 ? TRACTOR_NO_FILES : log->files,
		.rate = log->rate == 0 ? TRACTOR_UNBOUNDED : log->rate,
		.burst = log->burst };
}

static struct tractor_child
lay_process(struct pack *pack, const struct spec *spec)
{
	return (struct tractor_child){ .exec = pack_text(pack, spec->exec_path),
		.directory = pack_text(pack, spec->directory),
		.actor = pack_text(pack, spec->role),
		.args = pack_pairs(pack, &spec->args),
		.env = pack_pairs(pack, &spec->env),
		.restart = (enum tractor_restart)spec->restart,
		.significant = spec->significant,
		.shutdown_ms = shutdown_ms(spec),
		.start_timeout_ms = milliseconds(spec->start_timeout_ns),
		.handler_timeout_ms = milliseconds(spec->handler_timeout_ns),
		.handler_cpu_timeout_ms = milliseconds(spec->handler_cpu_timeout_ns),
		.mailbox = spec->mailbox == 0 ? TRACTOR_UNBOUNDED : spec->mailbox,
		.redeliver = spec->redeliver,
		.no_lanes = !spec->lanes,
		.spares = spec->spares,
		.backoff_initial_ms = milliseconds(spec->backoff.initial_ns),
		.backoff_factor = spec->backoff.factor,
		.backoff_max_ms = or_none(spec->backoff.max_ns),
		.backoff_jitter = spec->backoff.jitter > 0 ? spec->backoff.jitter : TRACTOR_NONE,
		.backoff_reset_ms = or_none(spec->backoff.reset_ns),
		.log = log_limits(&spec->log) };
}

static struct tractor_supervisor
supervisor_of(const struct spec *spec)
{
	return (struct tractor_supervisor){ .strategy = (enum tractor_strategy)spec->strategy,
		.intensity = intensity(spec),
		.period_ms = milliseconds(spec->period_ns),
		.auto_shutdown = (enum tractor_auto_shutdown)spec->auto_shutdown,
		.restart = (enum tractor_restart)spec->restart,
		.significant = spec->significant,
		.shutdown_ms = shutdown_ms(spec) };
}

static void *
lay_spec(struct pack *pack, const struct node *node)
{
	const struct spec *spec = node->spec;
	struct tractor_childspec *room = pack_room(pack, sizeof(*room)),
				 whole = { .kind = TRACTOR_KIND_ACTOR };
	const char *name = pack_text(pack, spec->name),
		   *under = pack_text(pack, node->parent ? node->parent->path : NULL);

	whole.kind = (enum tractor_child_kind)spec->kind;
	switch (spec->kind) {
	case SPEC_ACTOR:
		whole.child = lay_process(pack, spec);
		whole.child.name = name;
		whole.child.under = under;
		break;
	case SPEC_SUPERVISOR:
		whole.supervisor = supervisor_of(spec);
		whole.supervisor.name = name;
		whole.supervisor.under = under;
		break;
	case SPEC_POOL:
		whole.pool = (struct tractor_pool){ .name = name,
			.under = under,
			.max = spec->pool_max,
			.intensity = intensity(spec),
			.period_ms = milliseconds(spec->period_ns),
			.member = lay_process(pack, spec) };
		break;
	}
	if (room)
		*room = whole;
	return room;
}

/* --- the program's questions --- */

tractor_err
tractor_which_children(struct tractor_runtime *runtime, const char *path,
	struct tractor_child_info **ret_items, size_t *ret_count)
{
	struct node *parent;
	void *memory = NULL;
	tractor_err err = children_find(runtime, path, admin_find_parent, &parent);

	if (err == TRACTOR_OK && parent->child_count > 0)
		err = pack_make(lay_children, parent, &memory);
	if (err != TRACTOR_OK)
		return err;
	*ret_items = memory;
	*ret_count = parent->child_count;
	return TRACTOR_OK;
}

tractor_err
tractor_which_child(struct tractor_runtime *runtime, const char *path, struct tractor_child_info **ret_info)
{
	struct node *node;
	void *memory;
	tractor_err err = children_find(runtime, path, admin_find, &node);

	if (err == TRACTOR_OK)
		err = pack_make(lay_one, node, &memory);
	if (err == TRACTOR_OK)
		*ret_info = memory;
	return err;
}

tractor_err
tractor_count_children(
	struct tractor_runtime *runtime, const char *path, struct tractor_child_counts *ret_counts)
{
	struct tree_counts counts;
	struct node *parent;
	tractor_err err = children_find(runtime, path, admin_find_parent, &parent);

	if (err != TRACTOR_OK)
		return err;
	tree_count_children(parent, &counts);
	*ret_counts = (struct tractor_child_counts){ .specs = (uint32_t)counts.specs,
		.active = (uint32_t)counts.active,
		.supervisors = (uint32_t)counts.supervisors,
		.workers = (uint32_t)counts.workers };
	return TRACTOR_OK;
}

tractor_err
tractor_get_childspec(struct tractor_runtime *runtime, const char *path, struct tractor_childspec **ret_spec)
{
	struct node *node;
	void *memory;
	tractor_err err = children_find(runtime, path, admin_find, &node);

	if (err == TRACTOR_OK)
		err = pack_make(lay_spec, node, &memory);
	if (err == TRACTOR_OK)
		*ret_spec = memory;
	return err;
}
