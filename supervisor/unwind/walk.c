/*
 * walk.c: walks up the copy of the stack by the unwind tables of the files (libdw does, and goes by frame pointers where there are none). What the tables say about memory that was not copied
 * can't be followed; where the walk ends early, it is said why. The frames that the process itself found by its frame pointers are used when they go further.
 */
#include "walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define THREAD 1 /* libdw wants a number */

/* Of one walk, as libdw's callbacks see it. */
struct walker {
	const struct image *image;
	struct walk *walk;
	uint64_t registers[TRI_REGISTER_COUNT]; /* in DWARF's order */
	unsigned register_count;
	uint64_t pc;
	uint64_t back;	 /* the first frame is that of the return address `back`; 0: it is that of `pc` */
	uint64_t unread; /* the first address that was wanted and is not there; 0: none */
};

/* --- where it begins --- */

#if defined(__x86_64__)
/* ucontext's numbers of rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 ... r15, rip: DWARF's order. */
static const uint8_t dwarf_order[] = { 13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7, 16 };
enum { STACK_POINTER = 7, PROGRAM_COUNTER = 16 };
#elif defined(__aarch64__)
/* x0 ... x30, sp; the program counter is none of DWARF's. */
static const uint8_t dwarf_order[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
	20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
enum { LINK = 30 };
#endif

static bool
read_stack(const struct tri_fault *fault, uint64_t address, uint64_t *ret_word)
{
	uint32_t bytes = fault->stack_bytes < TRI_STACK_BYTES ? fault->stack_bytes : TRI_STACK_BYTES;
	uint64_t offset = address - fault->stack_start;

	if (address < fault->stack_start || bytes < sizeof(*ret_word) || offset > bytes - sizeof(*ret_word))
		return false;
	memcpy(ret_word, fault->stack + offset, sizeof(*ret_word));
	return true;
}

/* Whether there was code at that address. */
static bool
is_code(const struct image *image, uint64_t address)
{
	const struct mapping *mapping = mappings_find(&image->mappings, address);

	return mapping && mapping->permissions[2] == 'x';
}

/* A call to where nothing is (a null function pointer, say) has left its caller only as the return address. */
static void
return_from_nowhere(struct walker *walker)
{
#if defined(__x86_64__)
	uint64_t *stack_pointer = &walker->registers[STACK_POINTER];

	if (!read_stack(walker->image->fault, *stack_pointer, &walker->back))
		return;
	*stack_pointer += sizeof(walker->back);
	walker->registers[PROGRAM_COUNTER] = walker->pc = walker->back - 1; /* within the call */
#elif defined(__aarch64__)
	walker->back = walker->registers[LINK];
	walker->pc = walker->back - 4;
#endif
}

static void
begin(struct walker *walker)
{
	const struct tri_fault *fault = walker->image->fault;

	walker->register_count = sizeof(dwarf_order);
	for (unsigned i = 0; i < walker->register_count; i++)
		walker->registers[i] = fault->registers[dwarf_order[i]];
	walker->pc = fault->instruction_pointer;
	if (is_code(walker->image, walker->pc))
		return;
	walker->walk->addresses[walker->walk->count++] = walker->pc;
	return_from_nowhere(walker);
}

/* --- what libdw asks --- */

static pid_t
next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	(void)dwfl;
	if (*thread_arg)
		return 0;
	*thread_arg = arg;
	return THREAD;
}

static bool
memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret_word, void *arg)
{
	struct walker *walker = arg;
	uint64_t word;

	(void)dwfl;
	if (!read_stack(walker->image->fault, address, &word)) {
		walker->unread = walker->unread ? walker->unread : address;
		return false;
	}
	*ret_word = word;
	return true;
}

static bool
set_initial_registers(Dwfl_Thread *thread, void *arg)
{
	const struct walker *walker = arg;

	if (!dwfl_thread_state_registers(thread, 0, walker->register_count, walker->registers))
		return false;
	dwfl_thread_state_register_pc(thread, walker->pc);
	return true;
}

static const Dwfl_Thread_Callbacks callbacks = {
	.next_thread = next_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_initial_registers,
};

static int
add_frame(Dwfl_Frame *frame, void *arg)
{
	struct walker *walker = arg;
	struct walk *walk = walker->walk;
	Dwarf_Addr pc;
	bool is_activation;

	walker->unread =
		0; /* what was wanted on the way to this frame could be done without; this already looks at the next */
	if (!dwfl_frame_pc(frame, &pc, &is_activation))
		return DWARF_CB_ABORT;
	if (walk->count == WALK_FRAMES_MAX) {
		snprintf(walk->stopped, sizeof(walk->stopped), "there are more than %d frames",
			WALK_FRAMES_MAX);
		return DWARF_CB_ABORT;
	}
	walk->is_return[walk->count] = walker->back || !is_activation;
	walk->addresses[walk->count++] = walker->back ? walker->back : pc;
	walker->back = 0;
	return DWARF_CB_OK;
}

/* --- why it ends --- */

static void
explain_unread(const struct walker *walker)
{
	const struct tri_fault *fault = walker->image->fault;
	const struct mapping *stack = mappings_find(&walker->image->mappings, fault->stack_start);
	struct walk *walk = walker->walk;

	if (stack && walker->unread >= fault->stack_start && walker->unread < stack->end)
		snprintf(walk->stopped, sizeof(walk->stopped),
			"the stack goes on: %" PRIu32 " bytes of %" PRIu64 " were copied", fault->stack_bytes,
			stack->end - fault->stack_start);
	else
		snprintf(walk->stopped, sizeof(walk->stopped),
			"the next frame would be at 0x%" PRIx64
			", which is not on the stack: it is damaged, or has no unwind tables",
			walker->unread);
}

static void
explain(const struct walker *walker)
{
	struct walk *walk = walker->walk;
	uint64_t last = walk->count > 0 ? walk->addresses[walk->count - 1] : walker->pc;
	const struct mapping *mapping = mappings_find(&walker->image->mappings, last);
	const char *name = mapping && *mapping->name ? mapping->name : "memory of no file";

	if (*walk->stopped)
		return;
	if (walker->unread)
		explain_unread(walker);
	else if (!mapping)
		snprintf(walk->stopped, sizeof(walk->stopped),
			"0x%" PRIx64 " is no code: the stack is damaged", last);
	else if (!dwfl_addrmodule(walker->image->dwfl, last))
		snprintf(walk->stopped, sizeof(walk->stopped),
			"%.150s is not there any more, or is another build", name);
	else
		snprintf(walk->stopped, sizeof(walk->stopped), "%.150s has no unwind tables for 0x%" PRIx64,
			name, last);
}

/* --- the whole --- */

/* True: it came to the first function. A return address that can't be read is an end like any other to libdw. */
static bool
walk_by_tables(struct walker *walker)
{
	Dwfl *dwfl = walker->image->dwfl;

	if (!dwfl || !dwfl_attach_state(dwfl, NULL, THREAD, &callbacks, walker))
		return false;
	return dwfl_getthread_frames(dwfl, THREAD, add_frame, walker) == 0 && walker->unread == 0;
}

static void
walk_by_frame_pointers(const struct image *image, struct walk *walk)
{
	const struct tri_fault *fault = image->fault;
	uint32_t count = fault->frame_count < TRI_FRAME_COUNT ? fault->frame_count : TRI_FRAME_COUNT;

	if (walk->count > count)
		return;
	walk->count = 0;
	walk->addresses[walk->count] = fault->instruction_pointer;
	walk->is_return[walk->count++] = false;
	for (uint32_t i = 0; i < count; i++) {
		walk->is_return[walk->count] = true;
		walk->addresses[walk->count++] = fault->frames[i];
	}
}

void
walk_stack(const struct image *image, struct walk *ret_walk)
{
	struct walker walker = { .image = image, .walk = ret_walk };

	*ret_walk = (struct walk){ .count = 0 };
	begin(&walker);
	if (walk_by_tables(&walker))
		return;
	explain(&walker);
	walk_by_frame_pointers(image, ret_walk);
}
