/*
 * capture.c: the last thing that a dying actor does. Runs in a signal handler of a process that has just gone wrong: it calls only
 * async-signal-safe functions, allocates nothing, takes no lock, and touches foreign memory only through tri_peek(), which fails
 * where a load would fault. A second fault in here ends the process at once, with what was written so far and `complete` still 0.
 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "actor_process.h"
#include "modules.h"
#include "peek.h"
#include "why.h"

#define SIGNAL_STACK_BYTES (64u << 10) /* the handler's frames are small; sanitizers' are not */
#define LAST_FRAMES_NS  \
	(INT64_C(500) * \
		1000000) /* nng's threads need well under a ms; one that waits for a lock of the thread that died, for ever */

/* The signals whose default is to kill with a core: those that a program brings upon itself. */
static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

static struct tri_blackbox *captured_box;

#if defined(__x86_64__)
static void
note_registers(struct tri_fault *fault, const ucontext_t *context)
{
	const greg_t *registers = context->uc_mcontext.gregs;

	fault->register_count = NGREG;
	for (int i = 0; i < NGREG; i++)
		fault->registers[i] = (uint64_t)registers[i];
	fault->instruction_pointer = (uint64_t)registers[REG_RIP];
	fault->stack_pointer = (uint64_t)registers[REG_RSP];
	fault->frame_pointer = (uint64_t)registers[REG_RBP];
}
#elif defined(__aarch64__)
static void
note_registers(struct tri_fault *fault, const ucontext_t *context)
{
	fault->register_count = 34;
	for (int i = 0; i < 31; i++)
		fault->registers[i] = context->uc_mcontext.regs[i];
	fault->registers[31] = context->uc_mcontext.sp;
	fault->registers[32] = context->uc_mcontext.pc;
	fault->registers[33] = context->uc_mcontext.pstate;
	fault->instruction_pointer = context->uc_mcontext.pc;
	fault->stack_pointer = context->uc_mcontext.sp;
	fault->frame_pointer = context->uc_mcontext.regs[29];
}
#else
#error "tractor captures crashes on x86-64 and aarch64; teach note_registers() this machine's ucontext"
#endif

static void
note_code(struct tri_fault *fault)
{
	fault->code_start = fault->instruction_pointer - TRI_CODE_BYTES / 2;
	fault->code_bytes = (uint32_t)tri_peek(fault->code_start, fault->code_around, TRI_CODE_BYTES);
}

/* From the stack pointer up. After a stack overflow that points into the guard page: then from the first page that can be read. */
static void
note_stack(struct tri_fault *fault)
{
	uint64_t start = fault->stack_pointer;

	for (int skipped = 0; skipped < 16 && fault->stack_bytes == 0; skipped++) {
		fault->stack_start = start;
		/* A page at a time: one read that runs into a hole may give nothing of what is before it. */
		while (fault->stack_bytes < TRI_STACK_BYTES) {
			uint64_t from = start + fault->stack_bytes;
			size_t size = 4096 - (size_t)(from & 4095);
			if (size > TRI_STACK_BYTES - fault->stack_bytes)
				size = TRI_STACK_BYTES - fault->stack_bytes;
			size_t got = tri_peek(from, fault->stack + fault->stack_bytes, size);
			fault->stack_bytes += (uint32_t)got;
			if (got < size)
				break;
		}
		start = (start | 4095) + 1;
	}
}

/* The return addresses, by frame pointer, walked over the copy: whatever the pointers say, nothing outside it is touched. */
static void
note_frames(struct tri_fault *fault)
{
	uint64_t frame = fault->frame_pointer;

	while (fault->frame_count < TRI_FRAME_COUNT) {
		uint64_t offset = frame - fault->stack_start;
		uint64_t link[2];
		if (frame < fault->stack_start || offset + sizeof(link) > fault->stack_bytes ||
			frame % sizeof(uint64_t) != 0)
			return;
		memcpy(link, fault->stack + offset, sizeof(link));
		if (link[1] == 0)
			return;
		fault->frames[fault->frame_count++] = link[1];
		if (link[0] <= frame)
			return;
		frame = link[0];
	}
}

static void
note_maps(struct tri_fault *fault)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	for (;;) {
		if (fault->maps_bytes == TRI_MAPS_BYTES) {
			fault->maps_cut = 1;
			break;
		}
		ssize_t got = read(fd, fault->maps + fault->maps_bytes, TRI_MAPS_BYTES - fault->maps_bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		fault->maps_bytes += (uint32_t)got;
	}
	close(fd);
}

static void
note_signal(struct tri_fault *fault, int signal, const siginfo_t *info)
{
	fault->signal = signal;
	fault->code = info->si_code;
	if (info->si_code <= 0)
		fault->sender_pid = info->si_pid;
	else
		fault->address = (uint64_t)(uintptr_t)info->si_addr;
}

/* `info` NULL: no signal, but a call of exit(). */
static void
note_fault(struct tri_fault *fault, int signal, const siginfo_t *info, const ucontext_t *context)
{
	uint64_t began_ns = tri_now_ns();

	if (info)
		note_signal(fault, signal, info);
	fault->thread = (int32_t)syscall(SYS_gettid);
	note_registers(fault, context);
	note_code(fault);
	note_stack(fault);
	note_frames(fault);
	note_maps(fault);
	tri_note_modules(fault);
	fault->capture_ns = tri_now_ns() - began_ns;
	fault->complete = 1;
}

/*
 * What was given to the link is written by threads of nng's, which run on: the answers to earlier messages must not die with this one. nng can't be
 * asked in a signal handler, but the supervisor notes what it has heard.
 */
static void
let_link_empty(struct tri_blackbox *box)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	uint64_t until_ns = tri_now_ns() + LAST_FRAMES_NS;

	while (atomic_load(&box->heard) < atomic_load(&box->sent) && tri_now_ns() < until_ns)
		nanosleep(&pause, NULL);
}

/* Whether the kernel would keep a core of this process, or hand one to a program or a socket. What can't be read may be so. */
static bool
wants_core(void)
{
	struct rlimit limit;
	char first = '|';
	int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, &first, 1) != 1)
		first = '|';
	if (fd >= 0)
		close(fd);
	return first == '|' || first == '@' || getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0;
}

/*
 * Before it finds that there is no core to be written, the kernel has all threads come to rest one after the other, while the successor waits for this process' end. The wait status is the same.
 */
static void
spare_core(void)
{
	if (!wants_core())
		prctl(PR_SET_DUMPABLE, 0);
}

/*
 * Capture, then die of the same signal by its default action: a fault comes again when the instruction is run again; a signal that somebody
 * sent (abort() too) is sent again and waits until this handler returns.
 */
static void
on_fatal_signal(int signal, siginfo_t *info, void *context)
{
	int saved_errno = errno;
	/* abort() after a panic's last words: the words stay, the stack is wanted all the same. */
	bool ours = captured_box->pid == getpid(); /* and not a process that the actor has forked */
	bool first = ours && (tri_blackbox_last_words(captured_box, TRI_LAST_FAULT) ||
				     atomic_load(&captured_box->last_words) == TRI_LAST_PANIC);

	if (first && !captured_box->fault.complete)
		note_fault(&captured_box->fault, signal, info, context);
	if (first) {
		tri_speak_rest();
		let_link_empty(captured_box);
	}
	if (ours)
		spare_core();
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigaction(signal, &plain, NULL);
	if (info->si_code <= 0)
		syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
	errno = saved_errno;
}

/* Who called it is of interest in the middle of something only. */
static void
on_exit_called(void)
{
	uint32_t phase = atomic_load(&captured_box->phase);
	ucontext_t context;

	if (captured_box->pid != getpid() || phase == TRI_PHASE_ENDED)
		return;
	bool busy = phase == TRI_PHASE_STARTING || phase == TRI_PHASE_HANDLING || phase == TRI_PHASE_ASKING;
	if (tri_blackbox_last_words(captured_box, TRI_LAST_EXIT) && busy && getcontext(&context) == 0)
		note_fault(&captured_box->fault, 0, NULL, &context);
	let_link_empty(captured_box);
}

tractor_err
tri_capture_install(struct tri_blackbox *box)
{
	void *memory = mmap(NULL, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (memory == MAP_FAILED)
		return tri_why(TRACTOR_ESYSTEM, "no memory for a signal stack: %s", strerror(errno));
	captured_box = box;
	stack_t stack = { .ss_sp = memory, .ss_size = SIGNAL_STACK_BYTES };
	sigaltstack(&stack, NULL);
	struct sigaction action = { .sa_sigaction = on_fatal_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(fatal_signals[0]); i++)
		sigaction(fatal_signals[i], &action, NULL);
	atexit(on_exit_called);
	return TRACTOR_OK;
}
