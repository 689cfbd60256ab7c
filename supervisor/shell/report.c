/*
 * report.c: a panic as one JSON object, from which `tractor crashes show` makes its words. Made from the remains and their black box, whose contents are copied, bounded and distrusted: it was
 * written by a process that was going wrong. What crashes again and again is told in full once, and then in short. A field that there is no memory for is missing; nothing fails because of a report.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mappings.h"
#include "runtime.h"
#include "slot.h"
#include "utf8.h"

#define REPORT_SCHEMA_VERSION 1

/*
 * What a report shows of the message in hand. Whatever was sent (it may have been 64 MiB), the report stays one that a person can read,
 * that a policy gets through its pipe in time, and that costs the supervisor no memory to speak of at the moment of a crash. As JSON, with
 * all that must be escaped, these are some hundred KiB.
 */
const struct payload_limits report_message_limits = {
	.text_bytes = 4 << 10,
	.total_bytes = 64 << 10,
	.list_items = 100,
	.depth = 8,
	.values = 2000,
};

const char *
report_signal_name(int signal)
{
	static _Thread_local char other[24];
	const char *name = signal > 0 ? sigabbrev_np(signal) : NULL;

	if (name)
		snprintf(other, sizeof(other), "SIG%s", name);
	else
		snprintf(other, sizeof(other), "signal %d", signal);
	return other;
}

const char *
tractor_verdict_name(enum tractor_verdict_kind kind)
{
	switch (kind) {
#define NAME_CASE(constant, word) \
	case constant: return word;
		TRACTOR_VERDICTS(NAME_CASE)
#undef NAME_CASE
	}
	return "?";
}

/* What was captured of a fault. */
struct captured {
	struct tri_fault fault;
	struct mappings mappings; /* points into it */
};

static json_t *
hex(uint64_t number)
{
	return json_sprintf("0x%" PRIx64, number);
}

/* --- parts --- */

/* How long before that was, in ms. */
static json_t *
since_json(int64_t now_ns, int64_t since_ns)
{
	return since_ns > 0 && since_ns <= now_ns ? json_integer((now_ns - since_ns) / SPEC_MILLISECOND)
						  : json_null();
}

/* When it took up what it has in hand, by its own account. */
static int64_t
began_ns(const struct remains *remains)
{
	uint64_t since_ns = remains->box ? remains->box->hand.began_ns : 0;

	return since_ns <= INT64_MAX ? (int64_t)since_ns : 0;
}

static json_t *
message_json(const struct remains *remains)
{
	const struct slot *slot = remains->slot;
	const struct router_message *message = &remains->message;
	const struct payload_schema *schema = hearing_schema(slot, message->message);
	json_t *fields = NULL;
	bool shortened = false;

	if (message->kind == ROUTER_DOWN)
		return json_pack("{s:s, s:s}", "protocol", "tractor", "name", "down");
	if (!schema)
		return json_pack("{s:o}", "fingerprint", hex(message->message));
	if (payload_excerpt(schema->record, message->payload, message->payload_bytes, &report_message_limits,
		    NULL, NULL, &shortened, &fields) != TRACTOR_OK)
		fields = json_null();
	json_t *json = json_pack("{s:s, s:s, s:o, s:b, s:I, s:o, s:b}", "protocol", schema->protocol, "name",
		schema->message, "fields", fields, "shortened", shortened, "bytes",
		(json_int_t)message->payload_bytes, "digest", hex(message->digest), "ask", message->ask);
	json_object_set_new(json, "age_ms", since_json(remains->now_ns, message->sent_ns));
	json_object_set_new(json, "in_hand_ms", since_json(remains->now_ns, began_ns(remains)));
	return json;
}

json_t *
report_log(const struct slot *slot)
{
	json_t *lines = json_array();
	uint64_t first = slot->line_count > LINES_KEPT ? slot->line_count - LINES_KEPT : 0;

	for (uint64_t i = first; i < slot->line_count; i++) {
		const struct line *line = &slot->lines[i % LINES_KEPT];
		json_array_append_new(lines, utf8_json(line->text, line->length));
	}
	return lines;
}

static json_t *
rusage_json(const struct rusage *usage)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "user_us",
		(json_int_t)usage->ru_utime.tv_sec * 1000000 + (json_int_t)usage->ru_utime.tv_usec,
		"system_us",
		(json_int_t)usage->ru_stime.tv_sec * 1000000 + (json_int_t)usage->ru_stime.tv_usec,
		"max_rss_kb", (json_int_t)usage->ru_maxrss, "minor_faults", (json_int_t)usage->ru_minflt,
		"major_faults", (json_int_t)usage->ru_majflt);
}

/* The last messages handled, oldest first. */
static json_t *
recent_json(const struct remains *remains)
{
	const struct slot *slot = remains->slot;
	json_t *recent = json_array();
	uint64_t handled = atomic_load(&remains->box->handled);
	uint64_t count = handled < TRI_RECENT_COUNT ? handled : TRI_RECENT_COUNT;

	for (uint64_t i = handled - count; i < handled; i++) {
		struct tri_recent one = remains->box->recent[i % TRI_RECENT_COUNT];
		const struct payload_schema *schema = hearing_schema(slot, one.message);
		json_t *name =
			schema ? json_sprintf("%s.%s", schema->protocol, schema->message) : hex(one.message);
		const char *sender = runtime_path_of(slot->runtime, one.source);
		json_array_append_new(recent, json_pack("{s:o, s:s?, s:I}", "message", name, "sender", sender,
						      "took_us", (json_int_t)(one.took_ns / 1000)));
	}
	return recent;
}

/* --- limits --- */

static void add_limit(json_t *limits, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void
add_limit(json_t *limits, const char *name, const char *format, ...)
{
	char text[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_array_append_new(limits, json_pack("{s:s, s:s}", "limit", name, "text", text));
}

static void
add_signal_limits(json_t *limits, const struct death *death)
{
	if (death->signal == SIGXCPU)
		add_limit(limits, "cpu", "it has used the CPU time that it may use (ulimit -t)");
	else if (death->signal == SIGXFSZ)
		add_limit(limits, "file_size", "it has written a file as large as it may be (ulimit -f)");
	if (death->cause == TRACTOR_CAUSE_OOM)
		add_limit(limits, "memory", "the kernel has killed it for want of memory; it had %ld KiB",
			death->usage.ru_maxrss);
}

/* Those that it ran into, and its supervisor's if that is exhausted now. */
static json_t *
limits_json(const struct remains *remains, const struct captured *captured)
{
	const struct node *node = remains->slot->node, *supervisor = node->parent;
	json_t *limits = json_array();

	if (remains->ladder != LADDER_NONE)
		add_limit(limits, remains->overran_cpu ? "handler_cpu_timeout" : "handler_timeout", "%s",
			remains->overrun);
	if (!remains->ready && remains->killed_by_us && remains->death.cause == TRACTOR_CAUSE_START)
		add_limit(limits, "start_timeout", "it was not ready within %lld ms",
			(long long)(node->spec->start_timeout_ns / SPEC_MILLISECOND));
	if (captured && reportfault_is_overflow(&captured->fault, &captured->mappings))
		add_limit(limits, "stack", "its stack is full (ulimit -s)");
	add_signal_limits(limits, &remains->death);
	if (supervisor && remains->restarts_in_window >= supervisor->spec->intensity)
		add_limit(limits, "intensity", "%s may restart %u in %lld ms, and has", supervisor->path,
			supervisor->spec->intensity,
			(long long)(supervisor->spec->period_ns / SPEC_MILLISECOND));
	return limits;
}

/* --- what is alike --- */

/* Frames say nothing where the moment was not its own: a deadline, or a signal from outside. */
static bool
has_telling_frames(const struct remains *remains, const struct tri_fault *fault)
{
	bool sent = fault->signal != 0 && fault->code <= 0 && fault->sender_pid != remains->pid;

	return remains->death.cause != TRACTOR_CAUSE_DEADLINE && !sent;
}

/* By its own account. Another build may have mended it, or know the names that the first had not. */
static uint64_t
hash_build(uint64_t hash, const struct tri_blackbox *box)
{
	const struct tri_module *program = &box->program;
	uint32_t size = program->build_id_bytes;

	return inventory_hash(hash, program->build_id, size < TRI_BUILD_ID_BYTES ? size : TRI_BUILD_ID_BYTES);
}

/* Equal for crashes of one program that are one bug, as far as one can tell without names; wherever in the tree it was. */
static uint64_t
fingerprint(const struct remains *remains, const struct captured *captured)
{
	const struct death *death = &remains->death;
	const int numbers[] = { (int)death->cause, death->signal, death->signal ? 0 : death->code };
	uint64_t hash = inventory_hash_text(INVENTORY_HASH, remains->slot->node->spec->exec);

	hash = inventory_hash(hash, numbers, sizeof(numbers));
	hash = inventory_hash_text(hash, remains->message_name);
	hash = inventory_hash_text(hash, death->where);
	if (remains->box)
		hash = hash_build(hash, remains->box);
	if (captured && has_telling_frames(remains, &captured->fault))
		hash = reportfault_hash(hash, &captured->fault, &captured->mappings);
	return hash;
}

/* --- the whole --- */

/* A copy: a process that it left behind may still be writing there. NULL: nothing was captured, or there is no memory. */
static struct captured *
copy_captured(const struct tri_blackbox *box)
{
	const struct tri_fault *fault = box ? tri_blackbox_fault(box) : NULL;
	struct captured *captured = fault ? malloc(sizeof(*captured)) : NULL;

	if (!captured)
		return NULL;
	memcpy(&captured->fault, fault, sizeof(captured->fault));
	reportfault_mappings(&captured->fault, &captured->mappings);
	return captured;
}

/* Whose file it is of, and which of its lines: "counter.c:17" is cut in two. */
static void
add_place(json_t *report, const char *where)
{
	const char *colon = strrchr(where, ':');

	json_object_set_new(
		report, "panic_file", colon ? utf8_json(where, (size_t)(colon - where)) : json_null());
	json_object_set_new(report, "panic_line", colon ? json_integer(atoi(colon + 1)) : json_null());
}

static void
add_supervision(json_t *report, const struct remains *remains)
{
	const struct node *supervisor = remains->slot->node->parent;

	json_object_set_new(report, "restarts", json_integer(remains->restarts));
	json_object_set_new(report, "restarts_in_window", json_integer(remains->restarts_in_window));
	json_object_set_new(report, "intensity", json_integer(supervisor ? supervisor->spec->intensity : 0));
	json_object_set_new(report, "period_ms",
		json_integer(supervisor ? supervisor->spec->period_ns / SPEC_MILLISECOND : 0));
	json_object_set_new(report, "planned", json_string(remains->planned));
	json_object_set_new(report, "ready", json_boolean(remains->ready));
}

static void
add_message(json_t *report, const struct remains *remains)
{
	const char *sender = remains->has_message
				     ? runtime_path_of(remains->slot->runtime, remains->message.sender)
				     : NULL;

	json_object_set_new(report, "message", remains->has_message ? message_json(remains) : json_null());
	json_object_set_new(report, "sender", sender ? json_string(sender) : json_null());
}

/* Who it was and what of: whatever becomes of the rest, this is there. */
static json_t *
begin_report(const struct remains *remains)
{
	const struct death *death = &remains->death;
	const struct node *node = remains->slot->node;

	return json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:I, s:s, s:s?, s:i, s:s, s:o}", "schema_version",
		REPORT_SCHEMA_VERSION, "id", remains->id, "path", node->path, "program",
		node->spec->exec_path, "incarnation", (int)remains->incarnation, "pid", (int)remains->pid,
		"time", (json_int_t)death->time_ms, "cause", tractor_cause_name(death->cause), "signal",
		death->signal ? report_signal_name(death->signal) : NULL, "code", death->code, "exit",
		death->exit, "panic_text", utf8_json(death->text, strlen(death->text)));
}

json_t *
report_make(struct remains *remains)
{
	const struct slot *slot = remains->slot;
	const struct tri_blackbox *box = remains->box;
	struct captured *captured = copy_captured(box);
	uint64_t alike = fingerprint(remains, captured), count;
	const char *like = inventory_count(slot->runtime, alike, remains->id, remains->death.time_ms, &count);
	json_t *report = begin_report(remains);

	if (report) {
		add_place(report, remains->death.where);
		add_message(report, remains);
		json_object_set_new(report, "fingerprint", hex(alike));
		json_object_set_new(report, "count", json_integer((json_int_t)count));
		json_object_set_new(report, "like", like ? json_string(like) : json_null());
		add_supervision(report, remains);
		json_object_set_new(report, "limits", limits_json(remains, captured));
		json_object_set_new(report, "backtrace", json_array());
		if (captured)
			reportfault_add(report, &captured->fault, &captured->mappings, !like);
		if (box && !like)
			json_object_set_new(report, "recent", recent_json(remains));
		json_object_set(report, "log_tail", remains->log_tail);
		json_object_set_new(report, "rusage", rusage_json(&remains->death.usage));
		if (!like)
			recorder_make(remains, report);
	}
	free(captured);
	return report;
}

/* --- what was done --- */

static void
add_outcome(const struct remains *remains)
{
	json_t *report = remains->report;

	json_object_set_new(report, "verdict", json_string(tractor_verdict_name(remains->verdict.kind)));
	json_object_set_new(report, "action", json_string(remains->action));
	if (remains->verdict.kind == TRACTOR_VERDICT_RESTART_AFTER)
		json_object_set_new(report, "after_ms", json_integer((json_int_t)remains->verdict.after_ms));
	json_object_set(report, "siblings", remains->siblings);
}

void
report_lost(struct slot *slot, uint32_t incarnation, const char *why)
{
	events_note(slot->runtime, "report_lost", slot->node->path, incarnation, "%s", why);
}

void
report_write(struct remains *remains)
{
	const struct slot *slot = remains->slot;
	bool is_short = json_is_string(json_object_get(remains->report, "like"));
	const char *symbols = is_short ? UNWINDING_ELSEWHERE : unwinding_prospect(remains);

	add_outcome(remains);
	json_object_set_new(remains->report, "symbols", json_string(symbols));
	bool written =
		inventory_write(slot->runtime, remains->report, slot->node->path, remains->incarnation);
	if (written && remains->recording)
		inventory_add_recording(remains);
	if (written && strcmp(symbols, UNWINDING_PENDING) == 0)
		unwinding_add(remains);
}
