/*
 * lane_steps.c: lane_steps [--frames N]: a process that sends by a lane, and one that takes from it, are killed after their first instruction, their second, and so on until they have sent or taken all. Each time what is
 * in the lane must be what had been published, whole, and what its sender knows to be sent must be in it; and what had been taken must be a number of whole frames.
 * Exit: 0 it held; 1 it did not; 2 usage; 77 this machine does not let us trace, or is none that this is written for.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "lane.h"

#define SKIPPED 77

#ifdef __x86_64__

#define FRAMES_MAX 100
#define BEGUN (TRI_LANE_BYTES - 150) /* so that the first frames meet the end of the ring */

static struct shared {
	struct tri_lane lane;
	_Atomic unsigned counted; /* frames that the process knows to be sent, or to be taken */
	_Atomic unsigned ended;
} * shared;

static unsigned frames = 4;
static uint64_t ends[FRAMES_MAX]; /* where each of them ends in the lane */

static size_t
size_of(unsigned number)
{
	return sizeof(struct tri_frame) + number * 7;
}

static void
begin_lane(void)
{
	memset(shared, 0, sizeof(*shared));
	atomic_store(&shared->lane.out.head, BEGUN & ~7u);
	atomic_store(&shared->lane.in.tail, BEGUN & ~7u);
	atomic_store(&shared->lane.in.sleeps, 1);
}

static struct tri_lane_sender
sender(void)
{
	struct tri_lane_sender end = tri_lane_sender(&shared->lane);

	end.head = end.tail = BEGUN & ~7u;
	return end;
}

static struct tri_lane_receiver
receiver(void)
{
	struct tri_lane_receiver end = tri_lane_receiver(&shared->lane);

	end.tail = atomic_load(&shared->lane.in.tail);
	return end;
}

static void
send_all(void)
{
	struct tri_lane_sender end = sender();

	for (unsigned number = 0; number < frames; number++) {
		uint8_t *to = tri_lane_reserve(&end, size_of(number));
		memset(to, (int)number + 1, size_of(number));
		tri_lane_publish(&end);
		ends[number] = end.head;
		atomic_store(&shared->counted, number + 1);
	}
}

static void
take_all(void)
{
	struct tri_lane_receiver end = receiver();
	const void *frame;
	size_t size;

	while (tri_lane_look(&end, &frame, &size) == TRI_LANE_FRAME) {
		tri_lane_take(&end);
		atomic_fetch_add(&shared->counted, 1);
	}
}

static void
fail(const char *what, unsigned steps)
{
	printf("after %u instructions: %s; it knew of %u\n", steps, what, atomic_load(&shared->counted));
	exit(1);
}

/* How many are in the lane, the first of which is number `first`. */
static unsigned
count_in_lane(unsigned first, unsigned steps)
{
	struct tri_lane_receiver end = receiver();
	unsigned number = first;
	const void *frame;
	size_t size;

	while (tri_lane_look(&end, &frame, &size) == TRI_LANE_FRAME) {
		if (size != size_of(number))
			fail("a frame of another size", steps);
		for (size_t at = 0; at < size; at++)
			if (((const uint8_t *)frame)[at] != number + 1)
				fail("a frame that is torn", steps);
		end.tail = end.next;
		number++;
	}
	if (tri_lane_look(&end, &frame, &size) == TRI_LANE_BAD)
		fail("what can't be in a lane", steps);
	return number - first;
}

static void
check_sent(unsigned steps)
{
	unsigned known = atomic_load(&shared->counted), there = count_in_lane(0, steps);

	if (there < known || there > known + 1)
		fail("a frame was lost, or made up", steps);
}

static void
check_taken(unsigned steps)
{
	unsigned known = atomic_load(&shared->counted), taken = 0;
	uint64_t tail = atomic_load(&shared->lane.in.tail);

	while (taken < frames && ends[taken] <= tail)
		taken++;
	if (taken < known || taken > known + 1 || taken + count_in_lane(taken, steps) != frames)
		fail("a frame was lost, or is there twice", steps);
}

/* `act` in a process of its own, killed after so many instructions. False: it had ended. */
static bool
kill_after(void (*act)(void), unsigned steps)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(SKIPPED);
		raise(SIGSTOP);
		act();
		atomic_store(&shared->ended, 1);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "cannot trace: %s\n", strerror(errno));
		exit(SKIPPED);
	}
	for (unsigned i = 0; i < steps && !atomic_load(&shared->ended); i++)
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0 || waitpid(pid, &status, 0) != pid)
			break;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return !atomic_load(&shared->ended);
}

static unsigned
kill_everywhere(void (*act)(void), void (*check)(unsigned steps), bool is_filled)
{
	unsigned steps = 0;

	for (bool going = true; going; steps++) {
		begin_lane();
		if (is_filled)
			send_all(); /* and ends[] is ours: the other process has a copy */
		atomic_store(&shared->counted, 0);
		going = kill_after(act, steps);
		check(steps);
	}
	return steps;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--frames") == 0)
		frames = (unsigned)atoi(argv[2]);
	else if (argc != 1) {
		fputs("usage: lane_steps [--frames N]\n", stderr);
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || frames == 0 || frames > FRAMES_MAX)
		return 2;
	unsigned sent = kill_everywhere(send_all, check_sent, false);
	unsigned taken = kill_everywhere(take_all, check_taken, true);
	printf("killed at each of %u instructions of sending and %u of taking %u frames: none lost, torn or doubled\n",
		sent, taken, frames);
	return 0;
}
#else
int
main(void)
{
	puts("steps are written for x86-64");
	return SKIPPED;
}
#endif
