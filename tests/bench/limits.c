/*
 * limits.c: what the machine itself takes for 64 bytes there and back between two processes: by a socket pair, by shared memory and a futex, and by shared memory that both spin on. No
 * format, no checks, no survival: nothing that does more can be faster for long.
 */
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "samples.h"

/* --- a socket pair --- */

static void
echo(int in, int out)
{
	char block[BLOCK_BYTES];

	while (read_block(in, block))
		write_block(out, block);
	_exit(0);
}

/* The other process's end is closed here. */
static int
socket_to(void (*serve)(int fd))
{
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
	if (fork_peer() == 0) {
		close(fds[0]);
		serve(fds[1]);
	}
	close(fds[1]);
	return fds[0];
}

static void
serve_echo(int fd)
{
	echo(fd, fd);
}

static void
socket_trip(void *arg)
{
	char block[BLOCK_BYTES] = "there and back";
	int fd = *(int *)arg;

	write_block(fd, block);
	must(read_block(fd, block), "the other process is gone");
}

static void
take_socketpair(const struct plan *plan)
{
	int fd = socket_to(serve_echo);

	sample_trips(plan, 1, socket_trip, &fd);
}

/* The same while two strangers use up what CPUs there are. */
static void
take_socketpair_busy(const struct plan *plan)
{
	fork_strangers(2);
	take_socketpair(plan);
}

static struct load {
	int fd;
	char *bytes;
	size_t size;
} load;

static void
serve_load(int fd)
{
	while (read_bytes(fd, load.bytes, load.size))
		write_bytes(fd, load.bytes, load.size);
	_exit(0);
}

static void
load_trip(void *arg)
{
	(void)arg;
	write_bytes(load.fd, load.bytes, load.size);
	must(read_bytes(load.fd, load.bytes, load.size), "the other process is gone");
}

static void
take_socketpair_loads(const struct plan *plan, size_t size)
{
	load = (struct load){ .bytes = calloc(1, size), .size = size };
	must(load.bytes, "calloc");
	memset(load.bytes, 1, size); /* every page is there */
	load.fd = socket_to(serve_load);
	sample_trips(plan, 1, load_trip, NULL);
}

static void
take_socketpair_load(const struct plan *plan)
{
	take_socketpair_loads(plan, LOAD_BYTES);
}

static void
take_socketpair_load_largest(const struct plan *plan)
{
	take_socketpair_loads(plan, LOAD_MAX_BYTES);
}

/* A block that begins with a number says how many come after it; they are answered together. */
static void
serve_oneway(int fd)
{
	static char bytes[64 << 10];
	char block[BLOCK_BYTES];
	unsigned long count;

	while (read_block(fd, block)) {
		memcpy(&count, block, sizeof(count));
		for (size_t left = count * BLOCK_BYTES; left > 0;) {
			ssize_t got = read(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes));
			if (got <= 0)
				_exit(1);
			left -= (size_t)got;
		}
		write_block(fd, block);
	}
	_exit(0);
}

static void
send_by_socket(void *arg, unsigned long count)
{
	char block[BLOCK_BYTES] = "";
	int fd = *(int *)arg;

	memcpy(block, &count, sizeof(count));
	for (unsigned long i = 0; i <= count; i++)
		write_block(fd, block);
	must(read_block(fd, block), "the other process is gone");
}

static void
take_socketpair_oneway(const struct plan *plan)
{
	int fd = socket_to(serve_oneway);

	sample_oneway(plan, send_by_socket, &fd);
}

/* --- shared memory --- */

struct table {
	_Alignas(64) _Atomic uint32_t ball; /* whose turn it is: 0, the asker's */
	_Alignas(64) char blocks[2][BLOCK_BYTES];
};

static struct table *
share_table(void)
{
	void *memory =
		mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED, "mmap");
	return memory;
}

static void
wait_by_futex(_Atomic uint32_t *ball, uint32_t me)
{
	while (atomic_load(ball) != me)
		syscall(SYS_futex, ball, FUTEX_WAIT, 1 - me, NULL, NULL, 0);
}

static void
pass_by_futex(_Atomic uint32_t *ball, uint32_t to)
{
	atomic_store(ball, to);
	syscall(SYS_futex, ball, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void
futex_trip(void *arg)
{
	struct table *table = arg;
	char block[BLOCK_BYTES] = "there";

	memcpy(table->blocks[0], block, BLOCK_BYTES);
	pass_by_futex(&table->ball, 1);
	wait_by_futex(&table->ball, 0);
	memcpy(block, table->blocks[1], BLOCK_BYTES);
}

static void
take_futex(const struct plan *plan)
{
	struct table *table = share_table();

	if (fork_peer() == 0)
		for (;;) {
			wait_by_futex(&table->ball, 1);
			memcpy(table->blocks[1], table->blocks[0], BLOCK_BYTES);
			pass_by_futex(&table->ball, 0);
		}
	sample_trips(plan, 1, futex_trip, table);
}

static void
wait_by_spinning(_Atomic uint32_t *ball, uint32_t me)
{
	while (atomic_load_explicit(ball, memory_order_acquire) != me)
		;
}

static void
spin_trip(void *arg)
{
	struct table *table = arg;
	char block[BLOCK_BYTES] = "there";

	memcpy(table->blocks[0], block, BLOCK_BYTES);
	atomic_store_explicit(&table->ball, 1, memory_order_release);
	wait_by_spinning(&table->ball, 0);
	memcpy(block, table->blocks[1], BLOCK_BYTES);
}

static void
take_spin(const struct plan *plan)
{
	struct table *table = share_table();

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("one CPU: spinning would only wait for the scheduler");
	if (fork_peer() == 0)
		for (;;) {
			wait_by_spinning(&table->ball, 1);
			memcpy(table->blocks[1], table->blocks[0], BLOCK_BYTES);
			atomic_store_explicit(&table->ball, 0, memory_order_release);
		}
	sample_trips(plan, 20, spin_trip, table);
}

/* --- a ring: one process writes, the other reads, and neither does anything with it. What is in it is as long as a tell of ours: the block, the frame's header, and the length before that. */

#define RECORD_BYTES (BLOCK_BYTES + 32) /* a tell with what is before it in its lane */
#define RECORDS 680			/* 64 KiB, about what a lane has */

struct ring {
	_Alignas(64) _Atomic unsigned long head;
	_Alignas(64) _Atomic unsigned long tail;
	_Alignas(64) char records[RECORDS][RECORD_BYTES];
};

static void
read_ring(struct ring *ring)
{
	char record[RECORD_BYTES];

	for (unsigned long head = 0, tail = 0;;) {
		while (head == tail)
			head = atomic_load_explicit(&ring->head, memory_order_acquire);
		memcpy(record, ring->records[tail % RECORDS], RECORD_BYTES);
		__asm__ volatile(""
				 :
				 : "r"(record)
				 : "memory"); /* it is read, whatever the compiler thinks */
		atomic_store_explicit(&ring->tail, ++tail, memory_order_release);
	}
}

static void
send_by_ring(void *arg, unsigned long count)
{
	struct ring *ring = arg;
	unsigned long head = atomic_load(&ring->head), tail = head;
	char record[RECORD_BYTES] = "";

	for (unsigned long end = head + count + 1; head < end;) {
		while (head - tail == RECORDS)
			tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
		memcpy(ring->records[head % RECORDS], record, RECORD_BYTES);
		atomic_store_explicit(&ring->head, ++head, memory_order_release);
	}
	while (atomic_load_explicit(&ring->tail, memory_order_acquire) != head)
		;
}

static void
take_ring(const struct plan *plan)
{
	struct ring *ring =
		mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(ring != MAP_FAILED, "mmap");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("one CPU: spinning would only wait for the scheduler");
	if (fork_peer() == 0)
		read_ring(ring);
	sample_oneway(plan, send_by_ring, ring);
}

int
main(int argc, char **argv)
{
	static const struct measure table[] = {
		{ "socketpair", take_socketpair },
		{ "socketpair_busy", take_socketpair_busy },
		{ "socketpair_oneway", take_socketpair_oneway },
		{ "socketpair_load", take_socketpair_load },
		{ "socketpair_load_largest", take_socketpair_load_largest },
		{ "futex", take_futex },
		{ "spin", take_spin },
		{ "ring", take_ring },
		{ NULL, NULL },
	};

	if (argc == 2 && strcmp(argv[1], "echo") == 0) /* what the Erlang port talks to */
		echo(STDIN_FILENO, STDOUT_FILENO);
	return measure_main(argc, argv, table);
}
