/*
 * unwind_test.c: the unwinder, on real crashes and on what was made of them: which functions and lines it finds, where it says that it stops, and what it does not touch.
 */
#include "unwind.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captured.h"
#include "confine.h"
#include "mappings.h"
#include "sanitizer.h"
#include "unit.h"
#include "unwound.h"

static struct tri_fault fault; /* too large for a stack */

/* --- ways to crash; none may be a tail call --- */

/* Nor may a sanitizer report them in its own way before they happen. */
#define KEPT __attribute__((noinline, no_sanitize("undefined", "address")))

static volatile int zero;

static inline __attribute__((always_inline, no_sanitize("undefined", "address"))) void
store(volatile int *to)
{
	*to = 1; /* the fault that is meant */
}

enum { LINE_OF_STORE = __LINE__ + 7 };

KEPT static void
dereference_null(void)
{
	volatile int *volatile nowhere = NULL;

	store(nowhere);
	zero = 1;
}

KEPT static void
call_null(void)
{
	void (*volatile nothing)(void) = NULL;

	nothing();
	zero = 1;
}

KEPT static int
dig(int depth) /* NOLINT(misc-no-recursion) */
{
	volatile char room[4096];

	room[depth % (int)sizeof(room)] = (char)depth;
	return depth == zero ? 0 : dig(depth + 1) + room[0];
}

KEPT static int
dig_narrowly(int depth) /* NOLINT(misc-no-recursion) */
{
	return depth == zero ? 0 : dig_narrowly(depth + 1) + zero;
}

KEPT static void
overflow(void)
{
	zero = dig(1);
}

KEPT static void
overflow_narrowly(void)
{
	zero = dig_narrowly(1);
}

KEPT static void
give_up(void)
{
	abort();
}

KEPT static void
leave(void)
{
	exit(3);
}

/* --- what is said of them --- */

static json_t *
unwound(void)
{
	json_t *told = unwind(&fault);

	ck_assert_ptr_nonnull(told);
	return told;
}

static json_t *
frame_at(const json_t *told, size_t i)
{
	json_t *frame = json_array_get(json_object_get(told, "backtrace"), i);

	ck_assert_msg(frame != NULL, "there is no frame %zu", i);
	return frame;
}

static const char *
text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/* Which frame is that function's. */
static size_t
place_of(const json_t *told, const char *function)
{
	size_t count = json_array_size(json_object_get(told, "backtrace"));

	for (size_t i = 0; i < count; i++)
		if (strcmp(text_of(frame_at(told, i), "function"), function) == 0)
			return i;
	char *text = json_dumps(told, JSON_COMPACT);
	ck_abort_msg("%s is not in %.4000s", function, text);
}

static void
expect_stopped(const json_t *told, const char *words)
{
	ck_assert_msg(*words ? strstr(text_of(told, "stopped"), words) != NULL
			     : json_is_null(json_object_get(told, "stopped")),
		"it stopped because \"%s\", expected \"%s\"", text_of(told, "stopped"), words);
}

START_TEST(a_fault_has_its_function_file_and_line)
{
	captured(dereference_null, &fault);
	json_t *told = unwound();
	json_t *inlined = frame_at(told, 0), *around = frame_at(told, 1);
	ck_assert_str_eq(text_of(inlined, "function"), "store");
	ck_assert(json_is_true(json_object_get(inlined, "inlined")));
	ck_assert_str_eq(text_of(around, "function"), "dereference_null");
	ck_assert(json_is_false(json_object_get(around, "inlined")));
	ck_assert_ptr_nonnull(strstr(text_of(around, "file"), "unwind_test.c"));
	ck_assert_ptr_nonnull(strstr(text_of(around, "module"), "unwind_test"));
	ck_assert_uint_gt(strlen(text_of(around, "build_id")), 15);
	ck_assert_int_eq(json_integer_value(json_object_get(around, "line")), LINE_OF_STORE);
	ck_assert_uint_gt(place_of(told, "main"), 1);
	expect_stopped(told, "");
	json_decref(told);
}
END_TEST

/* A null function pointer: where it came from is all that is of interest. */
START_TEST(a_call_of_nothing_has_its_caller)
{
	captured(call_null, &fault);
	json_t *told = unwound();
	ck_assert_str_eq(text_of(frame_at(told, 0), "address"), "0x0");
	ck_assert(json_is_null(json_object_get(frame_at(told, 0), "function")));
	ck_assert_uint_eq(place_of(told, "call_null"), 1);
	expect_stopped(told, "");
	json_decref(told);
}
END_TEST

START_TEST(a_stack_overflow_ends_where_the_copy_does)
{
	captured(overflow, &fault);
	json_t *told = unwound();
	ck_assert_uint_eq(place_of(told, "dig"), 0);
	ck_assert_uint_gt(json_array_size(json_object_get(told, "backtrace")), 10);
	expect_stopped(told, "the stack goes on: 65536 bytes of 8");
	json_decref(told);
}
END_TEST

START_TEST(a_stack_overflow_of_many_frames_is_cut)
{
	captured(overflow_narrowly, &fault);
	json_t *told = unwound();
	ck_assert_uint_eq(place_of(told, "dig_narrowly"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(told, "backtrace")), 128);
	expect_stopped(told, "there are more than 128 frames");
	json_decref(told);
}
END_TEST

START_TEST(an_abort_leads_to_who_called_it)
{
	captured(give_up, &fault);
	json_t *told = unwound();
	char top[UNWOUND_TOP_BYTES];
	place_of(told, "give_up");
	ck_assert_ptr_nonnull(strstr(unwound_top(told, top), "give_up at unwind_test.c:"));
	expect_stopped(told, "");
	json_decref(told);
}
END_TEST

START_TEST(an_exit_leads_to_who_called_it)
{
	captured(leave, &fault);
	json_t *told = unwound();
	char top[UNWOUND_TOP_BYTES];
	ck_assert_int_eq(fault.signal, 0);
	ck_assert_ptr_nonnull(strstr(unwound_top(told, top), "leave at unwind_test.c:"));
	json_decref(told);
}
END_TEST

/* --- where not all is well --- */

/* No name is better than a wrong one. */
START_TEST(a_file_that_was_built_anew_is_not_asked)
{
	captured(dereference_null, &fault);
	for (uint32_t i = 0; i < fault.module_count; i++)
		fault.modules[i].build_id[0] ^= 1;
	json_t *told = unwound();
	for (size_t i = 0; i < json_array_size(json_object_get(told, "backtrace")); i++)
		ck_assert(json_is_null(json_object_get(frame_at(told, i), "function")));
	ck_assert_ptr_nonnull(strstr(text_of(frame_at(told, 0), "module"), "unwind_test"));
	ck_assert_uint_gt(strlen(text_of(frame_at(told, 0), "module_offset")), 2);
	expect_stopped(told, "is not there any more, or is another build");
	json_decref(told);
}
END_TEST

START_TEST(a_stack_that_was_overwritten)
{
	captured(dereference_null, &fault);
	memset(fault.stack, 0x41, sizeof(fault.stack));
	fault.frame_count = 0;
	json_t *told = unwound();
	ck_assert_uint_eq(place_of(told, "dereference_null"), 1);
	ck_assert_str_ne(text_of(told, "stopped"), "");
	json_decref(told);
}
END_TEST

START_TEST(without_maps_there_are_the_addresses)
{
	captured(dereference_null, &fault);
	fault.maps_bytes = 0;
	json_t *told = unwound();
	ck_assert_uint_eq(json_array_size(json_object_get(told, "backtrace")), fault.frame_count + 1);
	expect_stopped(told, "is no code");
	json_decref(told);
}
END_TEST

/* What the frame pointers found counts where the tables lead nowhere. */
START_TEST(frame_pointers_go_on_where_tables_end)
{
	captured(dereference_null, &fault);
	ck_assert_uint_gt(fault.frame_count, 0);
	fault.stack_bytes = 0;
	json_t *told = unwound();
	ck_assert_uint_ge(json_array_size(json_object_get(told, "backtrace")), fault.frame_count + 1);
	json_decref(told);
}
END_TEST

/* Each stands where the program itself was. None may be read from: a fifo would never answer, and a device does something. */
START_TEST(what_is_no_regular_file_is_not_opened)
{
	static const char *const names[] = { "/dev/zero", "/proc/self/mem", "/tmp", "/nowhere", "fifo" };
	char folder[] = "/tmp/unwind-XXXXXX", fifo[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(fifo, sizeof(fifo), "%s/f", folder);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		captured(dereference_null, &fault);
		int length = snprintf(fault.maps, sizeof(fault.maps), "%lx-%lx r-xp 00000000 00:00 1    %s\n",
			(unsigned long)fault.instruction_pointer & ~4095UL,
			((unsigned long)fault.instruction_pointer & ~4095UL) + 4096,
			strcmp(names[i], "fifo") == 0 ? fifo : names[i]);
		fault.maps_bytes = (uint32_t)length;
		json_t *told = unwound();
		ck_assert(json_is_null(json_object_get(frame_at(told, 0), "function")));
		json_decref(told);
	}
	unlink(fifo);
	rmdir(folder);
}
END_TEST

/* Why it stopped may name a file; the whole answer was none when that was no UTF-8. */
START_TEST(a_file_whose_name_is_no_text)
{
	captured(dereference_null, &fault);
	unsigned long page = (unsigned long)fault.instruction_pointer & ~4095UL;
	fault.maps_bytes = (uint32_t)snprintf(fault.maps, sizeof(fault.maps),
		"%lx-%lx r-xp 00000000 00:00 1    /\xff\xfe\n", page, page + 4096);
	fault.frame_count = 0;
	json_t *told = unwound();
	expect_stopped(told, "is not there any more");
	ck_assert_str_eq(text_of(frame_at(told, 0), "module"), "/\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(told);
}
END_TEST

void sizeless(void);
__asm__(".text\nsizeless: .skip 64, 0x90\n"); /* a symbol that doesn't say where it ends */

START_TEST(a_symbol_without_a_size_names_nothing)
{
	captured(dereference_null, &fault);
	fault.instruction_pointer = (uint64_t)(uintptr_t)sizeless + 32;
	json_t *told = unwound();
	ck_assert(json_is_null(json_object_get(frame_at(told, 0), "function")));
	json_decref(told);
}
END_TEST

/* --- the maps --- */

START_TEST(maps_are_read_as_the_kernel_writes_them)
{
	static struct mappings maps;
	char text[] = "400000-401000 r-xp 00001000 fe:01 4711                       /usr/bin/a b\n"
		      "7ffc0000-7ffc1000 rw-p 00000000 00:00 0                          [stack]\n"
		      "7fff0000-7fff1000 rw-p 00000000 00:00 0 \n";

	mappings_parse(text, &maps);
	ck_assert_uint_eq(maps.count, 3);
	ck_assert_uint_eq(maps.items[0].start, 0x400000);
	ck_assert_uint_eq(maps.items[0].end, 0x401000);
	ck_assert_uint_eq(maps.items[0].offset, 0x1000);
	ck_assert_uint_eq(maps.items[0].inode, 4711);
	ck_assert_str_eq(maps.items[0].permissions, "r-xp");
	ck_assert_str_eq(maps.items[0].name, "/usr/bin/a b");
	ck_assert_str_eq(maps.items[1].name, "[stack]");
	ck_assert_str_eq(maps.items[2].name, "");
	ck_assert_ptr_eq(mappings_find(&maps, 0x400fff), &maps.items[0]);
	ck_assert_ptr_null(mappings_find(&maps, 0x401000));
}
END_TEST

START_TEST(maps_that_make_no_sense_are_passed_over)
{
	static struct mappings maps;
	char text[] =
		"\n \nnonsense\n1-2\n3-2 r-xp 0 0 0 /backwards\n5-9 r-xp 0 0 0 /good\n"
		"6-7 r-xp 0 0 0 /within\n5-9 rwx 0 0 0 /short\n9-a ---p\nffffffffffffffffff-1 r-xp 0 0 0 x\nb-c";

	mappings_parse(text, &maps);
	ck_assert_uint_eq(maps.count, 2);
	ck_assert_str_eq(maps.items[0].name, "/good");
	ck_assert_uint_eq(maps.items[1].start, 9);
	ck_assert_str_eq(maps.items[1].name, "");
}
END_TEST

/* --- the answer --- */

static void
expect_taken(const char *answer, tractor_err expected)
{
	json_t *report = json_pack("{s:s}", "id", "x");

	ck_assert_msg(unwound_take(report, answer, strlen(answer)) == expected, "%s", answer);
	ck_assert_uint_eq(json_object_size(report), expected == TRACTOR_OK ? 3 : 1);
	json_decref(report);
}

START_TEST(an_answer_is_checked)
{
	expect_taken("{\"backtrace\":[],\"stopped\":null}", TRACTOR_OK);
	expect_taken(
		"{\"backtrace\":[{\"function\":\"f\",\"line\":3,\"inlined\":false,\"more\":[]}],\"stopped\":\"x\"}",
		TRACTOR_OK);
	expect_taken("", TRACTOR_EBADMSG);
	expect_taken("[]", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":[]}", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":{},\"stopped\":null}", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":[3],\"stopped\":null}", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":[{\"function\":3}],\"stopped\":null}", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":[{\"line\":\"3\"}],\"stopped\":null}", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":[],\"stopped\":3}", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":[],\"backtrace\":[],\"stopped\":null}", TRACTOR_EBADMSG);
	expect_taken("{\"backtrace\":[],\"stopped\":null} more", TRACTOR_EBADMSG);
}
END_TEST

START_TEST(an_answer_is_no_longer_than_it_may_be)
{
	static char answer[8192];

	snprintf(answer, sizeof(answer), "{\"backtrace\":[{\"function\":\"%04096d\"}],\"stopped\":null}", 0);
	expect_taken(answer, TRACTOR_OK);
	snprintf(answer, sizeof(answer), "{\"backtrace\":[{\"function\":\"%04097d\"}],\"stopped\":null}", 0);
	expect_taken(answer, TRACTOR_EBADMSG);
	strcpy(answer, "{\"backtrace\":[{}");
	for (int i = 1; i < UNWOUND_FRAMES_MAX; i++)
		strcat(answer, ",{}");
	char *end = answer + strlen(answer);
	strcpy(end, "],\"stopped\":null}");
	expect_taken(answer, TRACTOR_OK);
	strcpy(end, ",{}],\"stopped\":null}");
	expect_taken(answer, TRACTOR_EBADMSG);
}
END_TEST

/* --- the confinement --- */

/* In a child that is confined. True: the attempt failed with EPERM. */
static bool
is_refused(long (*attempt)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(!confine() ? 2 : attempt() < 0 && errno == EPERM ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 2, "status %x", status);
	return WEXITSTATUS(status) == 0;
}

static long
try_fork(void)
{
	return fork();
}
static long
try_exec(void)
{
	return execl("/bin/true", "true", NULL);
}
static long
try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long
try_kill(void)
{
	return kill(getppid(), 0);
}
static long
try_to_write(void)
{
	return open("/tmp", O_WRONLY | O_CLOEXEC);
}
static long
try_to_make(void)
{
	return open("/tmp/unwind-made", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}
static long
try_to_make_a_nameless(void)
{
	return open("/tmp", O_RDONLY | __O_TMPFILE | O_CLOEXEC, 0600);
}
static long
try_to_truncate(void)
{
	return open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC);
}
static long
try_unlink(void)
{
	return unlink("/tmp/unwind-made");
}
static long
try_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
													 : 0;
}
static long
try_errors(void)
{
	return write(STDERR_FILENO, "", 0);
}
static long
try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, 0, 0);
}
static long
try_to_read(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

START_TEST(the_confined_can_only_read)
{
	if (TRI_IS_SANITIZED) /* its runtime could not live in it */
		return;
	static long (*const attempts[])(void) = { try_fork, try_exec, try_socket, try_kill, try_to_write,
		try_to_make, try_to_make_a_nameless, try_to_truncate, try_unlink, try_code, try_errors,
		try_ptrace };

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		ck_assert_msg(is_refused(attempts[i]), "attempt %zu was not refused", i);
	ck_assert(!is_refused(try_to_read));
	ck_assert_int_lt(access("/tmp/unwind-made", F_OK), 0);
}
END_TEST

START_TEST(the_confined_have_two_seconds)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL); /* libcheck's kills its whole group */
		confine();
		for (volatile unsigned turns = 0;; turns++)
			;
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}
END_TEST

START_TEST(the_confined_have_so_much_memory)
{
	if (TRI_IS_SANITIZED)
		return;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(confine() && mmap(NULL, CONFINE_MEMORY_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
					   -1, 0) == MAP_FAILED
				? 0
				: 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("unwind");

	TEST_CASE(suite, "crashes", 20, a_fault_has_its_function_file_and_line,
		a_call_of_nothing_has_its_caller, a_stack_overflow_ends_where_the_copy_does,
		a_stack_overflow_of_many_frames_is_cut, an_abort_leads_to_who_called_it,
		an_exit_leads_to_who_called_it);
	TEST_CASE(suite, "trouble", 20, a_file_that_was_built_anew_is_not_asked, a_stack_that_was_overwritten,
		without_maps_there_are_the_addresses, frame_pointers_go_on_where_tables_end,
		what_is_no_regular_file_is_not_opened, a_file_whose_name_is_no_text,
		a_symbol_without_a_size_names_nothing);
	TEST_CASE(suite, "maps", 5, maps_are_read_as_the_kernel_writes_them,
		maps_that_make_no_sense_are_passed_over);
	TEST_CASE(suite, "answer", 5, an_answer_is_checked, an_answer_is_no_longer_than_it_may_be);
	TEST_CASE(suite, "confinement", 20, the_confined_can_only_read, the_confined_have_two_seconds,
		the_confined_have_so_much_memory);
	return suite;
}
