/*
 * report.c: a panic as one JSON object, the report that `tractor crashes show` prints. Made from the slot and the black box, whose contents are copied, bounded and distrusted: it was
 * written by a process that was going wrong. A field that there is no memory for is missing; nothing fails because of a report.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mappings.h"
#include "shell.h"
#include "sys.h"
#include "utf8.h"
#include "why.h"

#define REPORT_SCHEMA_VERSION 1

/*
 * What a report shows of the message in hand. Whatever was sent (it may have been 16 MiB), the report stays one that a person can read,
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

static json_t *
hex(uint64_t number)
{
	return json_sprintf("0x%" PRIx64, number);
}

/* --- parts --- */

static json_t *
message_json(struct slot *slot, const struct router_message *message)
{
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
	return json_pack("{s:s, s:s, s:o, s:b, s:I, s:o, s:b}", "protocol", schema->protocol, "name",
		schema->message, "fields", fields, "shortened", shortened, "bytes",
		(json_int_t)message->payload_bytes, "digest", hex(message->digest), "ask", message->ask);
}

static json_t *
frame_json(const struct mappings *mappings, uint64_t address)
{
	json_t *frame =
		json_pack("{s:o, s:n, s:n, s:n}", "address", hex(address), "function", "file", "line");
	const struct mapping *mapping = mappings ? mappings_find(mappings, address) : NULL;

	if (!frame || !mapping)
		return frame;
	json_object_set_new(frame, "module", utf8_json(mapping->name, strlen(mapping->name)));
	json_object_set_new(frame, "offset", hex(address - mapping->start + mapping->offset));
	return frame;
}

/* Raw: addresses, modules and offsets. */
static json_t *
backtrace_json(struct tri_fault *fault)
{
	json_t *frames = json_array();
	uint32_t count = fault->frame_count < TRI_FRAME_COUNT ? fault->frame_count : TRI_FRAME_COUNT;
	struct mappings *mappings = malloc(sizeof(*mappings));

	fault->maps[fault->maps_bytes < TRI_MAPS_BYTES ? fault->maps_bytes : TRI_MAPS_BYTES - 1] = '\0';
	if (mappings)
		mappings_parse(fault->maps, mappings);
	json_array_append_new(frames, frame_json(mappings, fault->instruction_pointer));
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(frames, frame_json(mappings, fault->frames[i]));
	free(mappings);
	return frames;
}

static json_t *
registers_json(const struct tri_fault *fault)
{
	json_t *registers = json_array();
	uint32_t count =
		fault->register_count < TRI_REGISTER_COUNT ? fault->register_count : TRI_REGISTER_COUNT;

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(registers, hex(fault->registers[i]));
	return registers;
}

static void
add_fault(json_t *report, struct tri_fault *fault)
{
	if (!fault->complete) {
		json_object_set_new(report, "backtrace", json_array());
		return;
	}
	json_object_set_new(report, "fault_address", fault->code > 0 ? hex(fault->address) : json_null());
	json_object_set_new(
		report, "signal_sender", fault->code <= 0 ? json_integer(fault->sender_pid) : json_null());
	json_object_set_new(report, "instruction_pointer", hex(fault->instruction_pointer));
	json_object_set_new(report, "stack_pointer", hex(fault->stack_pointer));
	json_object_set_new(report, "registers", registers_json(fault));
	json_object_set_new(report, "backtrace", backtrace_json(fault));
	json_object_set_new(report, "capture_us", json_integer((json_int_t)(fault->capture_ns / 1000)));
}

static json_t *
log_json(const struct slot *slot)
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
recent_json(const struct slot *slot)
{
	json_t *recent = json_array();
	uint64_t handled = atomic_load(&slot->box->handled);
	uint64_t count = handled < TRI_RECENT_COUNT ? handled : TRI_RECENT_COUNT;

	for (uint64_t i = handled - count; i < handled; i++) {
		struct tri_recent one = slot->box->recent[i % TRI_RECENT_COUNT];
		const struct payload_schema *schema = hearing_schema(slot, one.message);
		json_t *name =
			schema ? json_sprintf("%s.%s", schema->protocol, schema->message) : hex(one.message);
		const char *sender = runtime_path_of(slot->runtime, one.source);
		json_array_append_new(recent, json_pack("{s:o, s:s?, s:I}", "message", name, "sender", sender,
						      "took_us", (json_int_t)(one.took_ns / 1000)));
	}
	return recent;
}

/* --- the whole --- */

/* Sorts by time, says who, and is a file name: 20260823T063005.123-alice-1. */
static json_t *
make_id(const struct slot *slot)
{
	struct tractor_runtime *runtime = slot->runtime;
	time_t seconds = (time_t)(slot->death.time_ms / 1000);
	char stamp[32];
	struct tm broken;

	gmtime_r(&seconds, &broken);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &broken);
	/* Of several in one ms, the second and later ones are numbered. */
	runtime->reports_in_ms =
		slot->death.time_ms == runtime->last_report_ms ? runtime->reports_in_ms + 1 : 1;
	runtime->last_report_ms = slot->death.time_ms;
	if (runtime->reports_in_ms > 1)
		return json_sprintf("%s.%03d-%s-%u-%u", stamp, (int)(slot->death.time_ms % 1000),
			slot->node->spec->name, slot->incarnation, runtime->reports_in_ms);
	return json_sprintf("%s.%03d-%s-%u", stamp, (int)(slot->death.time_ms % 1000), slot->node->spec->name,
		slot->incarnation);
}

json_t *
report_make(struct slot *slot, const struct router_message *in_hand, const char *planned)
{
	const struct death *death = &slot->death;
	const struct node *supervisor = slot->node->parent;
	const char *sender = in_hand ? runtime_path_of(slot->runtime, in_hand->sender) : NULL;
	json_t *report = json_pack(
		"{s:i, s:o, s:s, s:i, s:i, s:I, s:s, s:s?, s:i, s:s, s:o, s:s?, s:i, s:i, s:i, s:s, s:b}",
		"schema_version", REPORT_SCHEMA_VERSION, "id", make_id(slot), "path", slot->node->path,
		"incarnation", (int)slot->incarnation, "pid", (int)slot->pid, "time",
		(json_int_t)death->time_ms, "cause", tractor_cause_name(death->cause), "signal",
		death->signal ? report_signal_name(death->signal) : NULL, "code", death->code, "exit",
		death->exit, "panic_text", utf8_json(death->text, strlen(death->text)), "sender", sender,
		"restarts", (int)slot->node->restarts, "restarts_in_window",
		supervisor ? (int)tree_restarts_in_window(supervisor, slot->runtime->loop.now_ns) : 0,
		"intensity", supervisor ? (int)supervisor->spec->intensity : 0, "planned", planned, "ready",
		slot->ready);

	if (!report)
		return NULL;
	snprintf(slot->report_id, sizeof(slot->report_id), "%s",
		json_string_value(json_object_get(report, "id")));
	json_object_set_new(report, "message", in_hand ? message_json(slot, in_hand) : json_null());
	/* A copy: a process that it left behind may still be writing there. */
	struct tri_fault *fault = slot->box ? malloc(sizeof(*fault)) : NULL;
	if (fault) {
		memcpy(fault, &slot->box->fault, sizeof(*fault));
		add_fault(report, fault);
		json_object_set_new(report, "recent", recent_json(slot));
	}
	free(fault);
	json_object_set_new(report, "log_tail", log_json(slot));
	json_object_set_new(report, "rusage", rusage_json(&death->usage));
	return report;
}

struct tractor_crash
report_crash(const struct slot *slot, const json_t *report, const char *planned)
{
	const struct death *death = &slot->death;
	const struct node *supervisor = slot->node->parent;
	const char *id = json_string_value(json_object_get(report, "id"));

	return (struct tractor_crash){
		.id = id ? id : "",
		.path = slot->node->path,
		.incarnation = slot->incarnation,
		.pid = slot->pid,
		.time_ms = death->time_ms,
		.cause = death->cause,
		.signal = death->signal,
		.code = death->code,
		.fault_address = slot->box && slot->box->fault.complete ? slot->box->fault.address : 0,
		.panic_text = death->text,
		.message = *slot->hand_message ? slot->hand_message : NULL,
		.sender = json_string_value(json_object_get(report, "sender")),
		.digest = slot->hand_digest,
		.restarts = slot->node->restarts,
		.restarts_in_window =
			supervisor ? tree_restarts_in_window(supervisor, slot->runtime->loop.now_ns) : 0,
		.intensity = supervisor ? supervisor->spec->intensity : 0,
		.planned = planned,
	};
}

/* 0, or the errno that ended it. A disk that fills up takes some of it first. */
static int
write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t put = sys.write(fd, text, length);
		if (put < 0 && errno != EINTR)
			return errno;
		text += put > 0 ? put : 0;
		length -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

/* Whole or not at all: written aside, then renamed. */
static tractor_err
write_file(const char *path, const char *text)
{
	char *aside;

	if (asprintf(&aside, "%s.part", path) < 0)
		return TRACTOR_ENOMEM;
	int fd = sys.open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	int error = fd < 0 ? errno : write_all(fd, text, strlen(text));
	if (fd >= 0 && sys.close(fd) < 0 && error == 0 && errno != EINTR)
		error = errno; /* where the disk is somebody else's, the last of it may fail only now */
	if (error == 0 && sys.rename(aside, path) < 0)
		error = errno;
	if (error != 0)
		sys.unlink(aside);
	free(aside);
	return error == 0 ? TRACTOR_OK : tri_why(TRACTOR_ESYSTEM, "%s: %s", path, strerror(error));
}

/* False: it could not be, which is said. */
static bool
write_report(struct tractor_runtime *runtime, const json_t *report, const char *path, const char *actor,
	uint32_t incarnation)
{
	char *text = path ? json_dumps(report, JSON_COMPACT) : NULL;
	bool written = text && write_file(path, text) == TRACTOR_OK;

	if (!written)
		events_note(runtime, "report_lost", actor, incarnation, "%s",
			text ? tractor_why() : "out of memory");
	free(text);
	return written;
}

/* To be freed; NULL: no memory. */
static char *
report_file(const struct tractor_runtime *runtime, const json_t *report)
{
	const char *id = json_string_value(json_object_get(report, "id"));
	char *path;

	return id && asprintf(&path, "%s/crashes/%s.json", runtime->rundir.path, id) >= 0 ? path : NULL;
}

void
report_rewrite(struct tractor_runtime *runtime, const json_t *report, const char *actor, uint32_t incarnation)
{
	char *path = report_file(runtime, report);
	struct stat about;

	if (!path || sys.lstat(path, &about) == 0)
		write_report(runtime, report, path, actor, incarnation);
	free(path);
}

void
report_lost(struct slot *slot, const char *why)
{
	events_note(slot->runtime, "report_lost", slot->node->path, slot->incarnation, "%s", why);
}

void
report_write(struct slot *slot, json_t *report, struct tractor_verdict verdict)
{
	struct tractor_runtime *runtime = slot->runtime;
	char *path = report_file(runtime, report);
	const char *symbols = unwinding_prospect(slot);

	json_object_set_new(report, "symbols", json_string(symbols));
	json_object_set_new(report, "verdict", json_string(tractor_verdict_name(verdict.kind)));
	json_object_set_new(report, "action",
		verdict.kind == TRACTOR_VERDICT_DEFAULT ? json_incref(json_object_get(report, "planned"))
							: json_string(tractor_verdict_name(verdict.kind)));
	if (write_report(runtime, report, path, slot->node->path, slot->incarnation) &&
		strcmp(symbols, UNWINDING_PENDING) == 0)
		unwinding_add(slot, report);
	free(path);
	json_decref(report);
}
