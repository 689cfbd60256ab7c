/*
 * reportfault.c: the part of a report that comes from a captured fault: what the signal means, the registers, the instruction, the memory map, and the way there by frame pointers, in addresses. All of it is what a
 * process wrote that was going wrong: bounded, and believed by nobody.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "inventory.h"
#include "mappings.h"
#include "shell.h"
#include "utf8.h"

#define STACK_NEAR_BYTES \
	(256u << 10) /* as far below the stack pointer a function that needs much room may reach first */

static json_t *
hex(uint64_t number)
{
	return json_sprintf("0x%" PRIx64, number);
}

/* --- the signal --- */

static const struct {
	int signal, code;
	const char *name;
} codes[] = {
#define CODE(signal, code)          \
	{                           \
		signal, code, #code \
	}
	CODE(SIGSEGV, SEGV_MAPERR),
	CODE(SIGSEGV, SEGV_ACCERR),
	CODE(SIGSEGV, SEGV_BNDERR),
	CODE(SIGSEGV, SEGV_PKUERR),
	CODE(SIGBUS, BUS_ADRALN),
	CODE(SIGBUS, BUS_ADRERR),
	CODE(SIGBUS, BUS_OBJERR),
	CODE(SIGFPE, FPE_INTDIV),
	CODE(SIGFPE, FPE_INTOVF),
	CODE(SIGFPE, FPE_FLTDIV),
	CODE(SIGFPE, FPE_FLTOVF),
	CODE(SIGFPE, FPE_FLTUND),
	CODE(SIGFPE, FPE_FLTRES),
	CODE(SIGFPE, FPE_FLTINV),
	CODE(SIGFPE, FPE_FLTSUB),
	CODE(SIGILL, ILL_ILLOPC),
	CODE(SIGILL, ILL_ILLOPN),
	CODE(SIGILL, ILL_ILLADR),
	CODE(SIGILL, ILL_ILLTRP),
	CODE(SIGILL, ILL_PRVOPC),
	CODE(SIGILL, ILL_PRVREG),
	CODE(SIGTRAP, TRAP_BRKPT),
	CODE(SIGTRAP, TRAP_TRACE),
	CODE(0, SI_USER),
	CODE(0, SI_QUEUE),
	CODE(0, SI_TKILL),
	CODE(0, SI_KERNEL),
#undef CODE
};

const char *
reportfault_code_name(int signal, int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code && (codes[i].signal == signal || codes[i].signal == 0))
			return codes[i].name;
	return NULL;
}

/* --- the processor --- */

#if defined(__x86_64__)
static const char *const register_names[] = { "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi",
	"rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip", "eflags", "csgsfs", "err", "trapno",
	"oldmask", "cr2" };
#elif defined(__aarch64__)
static const char *const register_names[] = { "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",
	"x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
	"x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp", "pc", "pstate" };
#endif
#define REGISTERS (sizeof(register_names) / sizeof(register_names[0]))
_Static_assert(REGISTERS <= TRI_REGISTER_COUNT, "the black box has room for all registers");

static json_t *
registers_json(const struct tri_fault *fault)
{
	json_t *registers = json_object();

	for (uint32_t i = 0; i < REGISTERS && i < fault->register_count; i++)
		json_object_set_new(registers, register_names[i], hex(fault->registers[i]));
	return registers;
}

/* "48 8b 00" */
static json_t *
bytes_json(const uint8_t *bytes, size_t count)
{
	char text[3 * TRI_CODE_BYTES + 1] = "";

	for (size_t i = 0; i < count; i++)
		snprintf(text + 3 * i, 4, "%02x%s", bytes[i], i + 1 < count ? " " : "");
	return json_string(text);
}

/* The bytes at the instruction pointer, which the instruction is the first of, and those before it. */
static json_t *
instruction_json(const struct tri_fault *fault)
{
	uint64_t before = fault->instruction_pointer - fault->code_start;
	size_t count = fault->code_bytes < TRI_CODE_BYTES ? fault->code_bytes : TRI_CODE_BYTES;

	if (before >= count)
		return json_pack(
			"{s:o, s:n, s:n}", "address", hex(fault->instruction_pointer), "bytes", "before");
	return json_pack("{s:o, s:o, s:o}", "address", hex(fault->instruction_pointer), "bytes",
		bytes_json(fault->code_around + before, count - before), "before",
		bytes_json(fault->code_around, before));
}

/* --- memory --- */

static json_t *
name_json(const struct mapping *mapping)
{
	return utf8_json(mapping->name, strlen(mapping->name));
}

static json_t *
map_json(const struct mappings *mappings)
{
	json_t *map = json_array();

	for (size_t i = 0; i < mappings->count; i++) {
		const struct mapping *mapping = &mappings->items[i];
		json_array_append_new(
			map, json_pack("{s:o, s:o, s:o, s:o, s:o}", "start", hex(mapping->start), "end",
				     hex(mapping->end), "permissions",
				     utf8_json(mapping->permissions, strlen(mapping->permissions)), "offset",
				     hex(mapping->offset), "name", name_json(mapping)));
	}
	return map;
}

static bool
is_accessible(const struct mapping *mapping)
{
	return mapping && (mapping->permissions[0] == 'r' || mapping->permissions[1] == 'w');
}

/* --- the way there --- */

static json_t *
frame_json(const struct mappings *mappings, uint64_t address)
{
	json_t *frame =
		json_pack("{s:o, s:n, s:n, s:n}", "address", hex(address), "function", "file", "line");
	const struct mapping *mapping = mappings_find(mappings, address);

	if (!frame || !mapping)
		return frame;
	json_object_set_new(frame, "offset", hex(address - mapping->start + mapping->offset));
	json_object_set_new(frame, "module", name_json(mapping));
	json_object_set_new(frame, "module_offset", hex(address - mapping->start + mapping->offset));
	return frame;
}

static uint32_t
frame_count(const struct tri_fault *fault)
{
	return fault->frame_count < TRI_FRAME_COUNT ? fault->frame_count : TRI_FRAME_COUNT;
}

static json_t *
backtrace_json(const struct tri_fault *fault, const struct mappings *mappings)
{
	json_t *frames = json_array();
	uint32_t count = frame_count(fault);

	json_array_append_new(frames, frame_json(mappings, fault->instruction_pointer));
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(frames, frame_json(mappings, fault->frames[i]));
	return frames;
}

/* --- the whole --- */

/* Where in which file: the same wherever it was mapped. What is in no file may be anything. */
static uint64_t
hash_place(uint64_t hash, const struct mappings *mappings, uint64_t address)
{
	const struct mapping *mapping = mappings_find(mappings, address);
	uint64_t offset;

	if (!mapping || mapping->name[0] != '/')
		return hash;
	offset = address - mapping->start + mapping->offset;
	return inventory_hash(inventory_hash_text(hash, mapping->name), &offset, sizeof(offset));
}

#define ALIKE_FRAMES 4 /* what is alike so far is alike */

uint64_t
reportfault_hash(uint64_t hash, const struct tri_fault *fault, const struct mappings *mappings)
{
	uint32_t count = frame_count(fault);

	hash = hash_place(hash, mappings, fault->instruction_pointer);
	for (uint32_t i = 0; i < count && i < ALIKE_FRAMES; i++)
		hash = hash_place(hash, mappings, fault->frames[i]);
	return hash;
}

void
reportfault_mappings(struct tri_fault *fault, struct mappings *ret_mappings)
{
	fault->maps[fault->maps_bytes < TRI_MAPS_BYTES ? fault->maps_bytes : TRI_MAPS_BYTES - 1] = '\0';
	mappings_parse(fault->maps, ret_mappings);
}

/* The stack pointer, or what was touched not far below it, is below the memory that the stack has. */
bool
reportfault_is_overflow(const struct tri_fault *fault, const struct mappings *mappings)
{
	uint64_t top = fault->stack_pointer, below = top - STACK_NEAR_BYTES;

	return (fault->signal == SIGSEGV || fault->signal == SIGBUS) && fault->code > 0 &&
	       fault->address >= below && fault->address < fault->stack_start + sizeof(uint64_t) &&
	       !is_accessible(mappings_find(mappings, fault->address)) &&
	       is_accessible(mappings_find(mappings, fault->stack_start)) &&
	       fault->stack_start - top < STACK_NEAR_BYTES;
}

void
reportfault_add(json_t *report, const struct tri_fault *fault, const struct mappings *mappings, bool in_full)
{
	const char *code = reportfault_code_name(fault->signal, fault->code);

	json_object_set_new(report, "code_name", code && fault->signal ? json_string(code) : json_null());
	json_object_set_new(report, "fault_address", fault->code > 0 ? hex(fault->address) : json_null());
	json_object_set_new(report, "signal_sender",
		fault->signal && fault->code <= 0 ? json_integer(fault->sender_pid) : json_null());
	json_object_set_new(report, "thread", json_integer(fault->thread));
	json_object_set_new(report, "instruction_pointer", hex(fault->instruction_pointer));
	json_object_set_new(report, "stack_pointer", hex(fault->stack_pointer));
	json_object_set_new(report, "backtrace", backtrace_json(fault, mappings));
	if (!in_full)
		return;
	json_object_set_new(report, "instruction", instruction_json(fault));
	json_object_set_new(report, "registers", registers_json(fault));
	json_object_set_new(report, "memory_map", map_json(mappings));
	json_object_set_new(report, "capture_us", json_integer((json_int_t)(fault->capture_ns / 1000)));
}
