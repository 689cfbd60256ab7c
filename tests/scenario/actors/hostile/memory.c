/* memory.c: the black box and the lanes, which both sides write to. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"

void
box_of_lies(void)
{
	start();
	receive(TRI_FRAME_MESSAGE, NULL);
	uint32_t incarnation = box->incarnation;
	memset((void *)box, 0xa5, sizeof(*box));
	box->incarnation = incarnation;
	atomic_store(&box->done, UINT64_MAX);
	atomic_store(&box->in_hand, UINT64_MAX - 1);
	send_frame(header(TRI_FRAME_DONE), NULL, 0);
	raise(SIGKILL);
}

void
box_of_ones(void)
{
	start();
	receive(TRI_FRAME_MESSAGE, NULL);
	memset((void *)box, 0xff, sizeof(*box));
	raise(SIGKILL);
}

/* What was handed over is not done, nor in hand: then it waits again. */
void
box_of_zeroes(void)
{
	start();
	receive(TRI_FRAME_MESSAGE, NULL);
	memset((void *)box, 0, sizeof(*box));
	raise(SIGKILL);
}

void
shrunken_memory(void)
{
	start();
	if (ftruncate(TRI_FD_BLACKBOX, 0) == 0 || ftruncate(TRI_FD_BLACKBOX, 1 << 30) == 0)
		_exit(9);
	(void)!ftruncate(TRI_FD_STATE, 0);
	go_on();
}

static void *
make_noise(void *arg)
{
	struct tri_rung *rung = arg;
	unsigned seed = 1;

	for (;;) {
		for (int i = 0; i < TRI_RUNG_PLACES; i++)
			atomic_store(&rung->notes[i],
				rand_r(&seed) % 2
					? (uint64_t)rand_r(&seed) << 32
					: tri_now_ns() - (uint64_t)rand_r(&seed) % TRI_RUNG_STALE_NS);
		atomic_store(&rung->any, 1);
		usleep(1);
	}
	return NULL;
}

/* All the time somebody is said to wait, or ever to have waited. */
void
noise_about_who_was_rung(void)
{
	pthread_t thread;

	start();
	if (ftruncate(TRI_FD_RUNG, 0) == 0 || ftruncate(TRI_FD_RUNG, 1 << 20) == 0)
		_exit(9);
	void *rung = mmap(NULL, sizeof(struct tri_rung), PROT_READ | PROT_WRITE, MAP_SHARED, TRI_FD_RUNG, 0);
	if (rung == MAP_FAILED || pthread_create(&thread, NULL, make_noise, rung) != 0)
		_exit(7);
	go_on();
}

/* It notes the replies to what it is handed, as all do, but none of them gets out; then it lets itself be handed as much as it may have. */
void
unsent_answers(void)
{
	struct tri_supervisor_find find = { .path = "/t/bystander", .protocol = "victim" };
	struct tri_frame frame;

	start();
	for (int i = 0; i < TRI_WINDOW; i++)
		note_pong(receive(TRI_FRAME_MESSAGE, NULL).sequence);
	/* Until the test has seen that more of them wait. */
	while (access(getenv("HOSTILE_FILE"), F_OK) != 0)
		usleep(1000);
	send_record(message_to(0, tri_supervisor_protocol.messages[0], TRI_FLAG_ASK),
		tri_supervisor_protocol.messages[0]->record, &find);
	/* What comes before this answer is what room was given for when the question was heard. */
	while ((frame = receive(0, NULL)).kind != TRI_FRAME_ANSWER)
		if (frame.kind == TRI_FRAME_MESSAGE)
			note_pong(frame.sequence);
	unlink(getenv("HOSTILE_FILE"));
	raise(SIGKILL);
}

/* --- the lanes --- */

static void
ring(void)
{
	uint64_t one = 1;

	if (write(TRI_FD_DOORBELL, &one, sizeof(one)) != sizeof(one))
		_exit(7);
}

/* Whatever is at the head of its lane, as far as `end`. */
static void
show_lane(const void *bytes, size_t size, uint64_t end)
{
	start();
	memcpy(box->up.out.bytes, bytes, size);
	atomic_store(&box->up.out.head, end);
	ring();
	go_on();
}

void
lane_beyond_its_end(void)
{
	show_lane("", 0, UINT64_MAX - 7);
}

void
lane_of_crumbs(void)
{
	show_lane("", 0, 3);
}

void
lane_whose_size_lies(void)
{
	const uint32_t size = UINT32_MAX - 1;

	show_lane(&size, sizeof(size), 88);
}

void
lane_of_nothing_but_a_skip(void)
{
	const uint32_t skip = UINT32_MAX;

	show_lane(&skip, sizeof(skip), TRI_LANE_BYTES);
}

/* A frame in the lane, as an actor's library puts it there. */
static void
send_by_lane(struct tri_lane_sender *lane, struct tri_frame frame, uint32_t order)
{
	frame.order = order;
	if (!tri_lane_write(lane, &frame, 0))
		return;
	if (tri_lane_publish(lane) == TRI_LANE_SENT_RING)
		ring();
}

/* One that comes before it never comes. It is not waited for in any way that costs somebody else something. */
void
lane_out_of_order(void)
{
	struct tri_lane_sender lane = tri_lane_sender(&box->up);

	start();
	send_by_lane(&lane, header(TRI_FRAME_DONE), 7);
	go_on();
}

void
link_out_of_order(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.order = 2;
	send_frame(frame, NULL, 0);
	go_on();
}

/* As fast as it can, for a while; where the lane is full it is simply not sent. */
void
flood_by_lane(void)
{
	struct tri_lane_sender lane = tri_lane_sender(&box->up);
	uint32_t order = 0;

	start();
	for (int i = 0; i < FLOOD; i++) {
		uint64_t head = lane.head;
		send_by_lane(&lane, header(TRI_FRAME_DONE), order + 1);
		order += lane.head != head;
	}
	go_on();
}

/* Whoever rings it is to wait until it is heard, which it never is. */
void
bell_that_makes_wait(void)
{
	uint64_t most = UINT64_MAX - 1;

	fcntl(TRI_FD_BELL, F_SETFL, 0);
	(void)!write(TRI_FD_BELL, &most, sizeof(most)); /* an eventfd would be full */
	atomic_store(&box->lanes, TRI_LANES_TAKEN);
	atomic_store(&box->down.in.sleeps, 1);
	start();
}

/* It says that it will answer what nobody can have asked. */
void
owes_for_no_bypass(void)
{
	struct tri_frame frame = header(TRI_FRAME_OWE);

	start();
	frame.target = 1;
	frame.flags = TRI_FLAG_ASK;
	frame.sequence = UINT64_MAX;
	frame.correlation = 1;
	send_frame(frame, NULL, 0);
}

/* Marks and ends of bypasses that there are not. */
void
bypasses_of_its_own(void)
{
	struct tri_frame mark = header(TRI_FRAME_MARK), ended = header(TRI_FRAME_LET_GO);

	start();
	for (uint64_t i = 0; i < 50; i++) {
		mark.target = i;
		mark.message = ended.correlation = i;
		mark.correlation = UINT64_MAX - i;
		send_frame(mark, NULL, 0);
		send_frame(ended, NULL, 0);
	}
	mark.target = BYSTANDER;
	send_frame(mark, "garbage", 7);
	go_on();
}
