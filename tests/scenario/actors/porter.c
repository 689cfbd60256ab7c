/* porter.c: not durable, so what it sends goes out at once, past the supervisor where there is a bypass and it is not too large. Two calls of getppid() say to a tracer where the last sending of a `carry` begins and ends. */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "porter.h"

struct porter {
	struct porter_book *book;
};

#define TRACTOR_STATE struct porter
TRACTOR_SERVE(porter, PORTER_PROTOCOL);

static tractor_err
start(struct porter *self, tractor_ctx *ctx)
{
	int fd = open(tractor_arg(ctx, "book", ""), O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return TRACTOR_ESYSTEM;
	void *book = mmap(NULL, sizeof(*self->book), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (book == MAP_FAILED)
		return TRACTOR_ESYSTEM;
	self->book = book;
	return TRACTOR_OK;
}

/* --- handing over --- */

static tractor_err
hand_over(struct porter_book *book, tractor_ctx *ctx, const struct porter_carry *msg, uint32_t number,
	bool asks)
{
	uint8_t load[PORTER_LOAD_MAX];
	uint32_t bytes = porter_fill(book, number, load);
	struct porter_weight weight;

	uint64_t sum = porter_sum(number, load, bytes);
	if (number + 1 == msg->first + msg->count)
		syscall(SYS_getppid);
	if (!asks)
		return tractor_tell(ctx, msg->to, porter_item, .number = number,
			.stays = msg->stays && number == msg->first, .load = { load, bytes }, .sum = sum);
	tractor_err err = tractor_ask(
		ctx, msg->to, &weight, porter_weigh, .number = number, .load = { load, bytes }, .sum = sum);
	return err == TRACTOR_OK && weight.sum != sum ? TRACTOR_EBADMSG : err;
}

static tractor_err
porter_on_carry(struct porter *self, tractor_ctx *ctx, const struct porter_carry *msg)
{
	for (uint32_t number = msg->first; number < msg->first + msg->count; number++) {
		struct porter_line *line = &self->book->lines[number];
		bool is_last = number + 1 == msg->first + msg->count;

		atomic_store(
			&line->error, (uint8_t)hand_over(self->book, ctx, msg, number, msg->asks && is_last));
		atomic_store(&line->sent, 1);
	}
	syscall(SYS_getppid);
	return TRACTOR_OK;
}

/* --- and being handed --- */

static bool
is_whole(const struct porter_book *book, uint32_t number, struct tractor_bytes load, uint64_t sum)
{
	if (load.size != porter_load_bytes(book, number) ||
		sum != porter_sum(number, load.data, (uint32_t)load.size))
		return false;
	for (uint32_t i = 0; i < load.size; i += porter_stride((uint32_t)load.size))
		if (load.data[i] != porter_load_byte(number, i))
			return false;
	return true;
}

static void
stay(const struct porter_book *book)
{
	while (atomic_load(&book->stays))
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

static void
take(struct porter_book *book, tractor_ctx *ctx, const struct porter_item *item)
{
	if (item->number >= PORTER_NUMBERS || !is_whole(book, item->number, item->load, item->sum)) {
		atomic_fetch_add(&book->torn, 1);
		return;
	}
	struct porter_line *line = &book->lines[item->number];
	atomic_store(&line->by, tractor_incarnation(ctx));
	atomic_fetch_add(&line->begun, 1);
	atomic_fetch_add(&book->disorder, item->number <= atomic_load(&book->last));
	atomic_store(&book->last, item->number);
	if (item->stays)
		stay(book);
	atomic_fetch_add(&line->ended, 1);
}

static tractor_err
porter_on_item(struct porter *self, tractor_ctx *ctx, const struct porter_item *msg)
{
	take(self->book, ctx, msg);
	return TRACTOR_OK;
}

static tractor_err
porter_on_weigh(
	struct porter *self, tractor_ctx *ctx, const struct porter_weigh *msg, struct porter_weight *reply)
{
	take(self->book, ctx,
		&(struct porter_item){ .number = msg->number, .load = msg->load, .sum = msg->sum });
	reply->sum = msg->sum;
	return TRACTOR_OK;
}

TRACTOR_MAIN(porter, .serves = TRACTOR_SERVES(porter), .on_start = start);
