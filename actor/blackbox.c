/*
 * blackbox.c: mapping and writing the black box. The writes are plain stores in an order that a death between any two of them
 * leaves readable: first what the message is, then the word that says that it is in hand. Allocates nothing but the mapping; returns errors.
 */
#include "blackbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "why.h"

static uint64_t
look_at(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t
tri_now_ns(void)
{
	return look_at(CLOCK_MONOTONIC);
}

uint64_t
tri_about_now_ns(void)
{
	return look_at(CLOCK_MONOTONIC_COARSE);
}

static struct tri_blackbox *
map(int fd, int flags)
{
	void *box = mmap(NULL, sizeof(struct tri_blackbox), PROT_READ | PROT_WRITE, flags, fd, 0);

	return box == MAP_FAILED ? NULL : box;
}

void
tri_blackbox_begin(struct tri_blackbox *box, uint32_t incarnation, uint64_t done)
{
	box->magic = TRI_BLACKBOX_MAGIC;
	box->version = TRI_BLACKBOX_VERSION;
	box->size_bytes = sizeof(*box);
	box->incarnation = incarnation;
	atomic_store(&box->done, done);
}

tractor_err
tri_blackbox_map(int fd, struct tri_blackbox **ret_box)
{
	struct stat about;

	if (fstat(fd, &about) < 0 || about.st_size < (off_t)sizeof(struct tri_blackbox))
		return tri_why(
			TRACTOR_EINVAL, "fd %d is not a black box of tractor %d", fd, TRI_BLACKBOX_VERSION);
	struct tri_blackbox *box = map(fd, MAP_SHARED);
	if (!box)
		return tri_why(TRACTOR_ESYSTEM, "cannot map the black box: %s", strerror(errno));
	if (box->magic != TRI_BLACKBOX_MAGIC || box->version != TRI_BLACKBOX_VERSION) {
		tri_blackbox_unmap(box);
		return tri_why(TRACTOR_EINVAL, "the black box is of another version of tractor");
	}
	box->pid = getpid();
	*ret_box = box;
	return TRACTOR_OK;
}

struct tri_blackbox *
tri_blackbox_private(void)
{
	return map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
}

void
tri_blackbox_unmap(struct tri_blackbox *box)
{
	if (box)
		munmap(box, sizeof(*box));
}

void
tri_blackbox_take(struct tri_blackbox *box)
{
	atomic_store_explicit(&box->busy_since_ns, box->hand.began_ns, memory_order_relaxed);
	atomic_store_explicit(&box->in_hand, box->hand.sequence, memory_order_release);
}

static void
note_handled(struct tri_blackbox *box, uint64_t now_ns)
{
	uint64_t handled = atomic_load_explicit(&box->handled, memory_order_relaxed);
	const struct tri_in_hand *hand = &box->hand;

	box->recent[handled % TRI_RECENT_COUNT] = (struct tri_recent){
		.sequence = hand->sequence,
		.message = hand->message,
		.source = hand->source,
		.took_ns = now_ns - hand->began_ns,
	};
	atomic_store_explicit(&box->handled, handled + 1, memory_order_relaxed);
}

void
tri_blackbox_done(struct tri_blackbox *box, uint64_t now_ns)
{
	note_handled(box, now_ns);
	atomic_store_explicit(&box->done, box->hand.sequence, memory_order_release);
	atomic_store_explicit(&box->busy_since_ns, 0, memory_order_relaxed);
}

void
tri_blackbox_passed(struct tri_blackbox *box, uint64_t now_ns)
{
	note_handled(box, now_ns);
	atomic_store_explicit(&box->busy_since_ns, 0, memory_order_relaxed);
}

void
tri_blackbox_note(struct tri_blackbox *box, const struct tri_note *note, const uint8_t *payload)
{
	struct tri_notes *notes = &box->notes;
	uint64_t hand = atomic_load_explicit(&box->in_hand, memory_order_relaxed);
	uint32_t used = atomic_load_explicit(&notes->used, memory_order_relaxed);

	if (hand <= atomic_load_explicit(&box->done, memory_order_relaxed))
		hand = 0;
	if (notes->of != hand) {
		used = notes->cut = 0;
		notes->of = hand;
	}
	if (sizeof(notes->bytes) - used < sizeof(*note) + note->payload_bytes) {
		notes->cut = 1;
		atomic_store_explicit(&notes->used, used, memory_order_release);
		return;
	}
	memcpy(notes->bytes + used, note, sizeof(*note));
	if (note->payload_bytes > 0)
		memcpy(notes->bytes + used + sizeof(*note), payload, note->payload_bytes);
	used += (uint32_t)sizeof(*note) + note->payload_bytes;
	atomic_store_explicit(&notes->used, used, memory_order_release);
}

bool
tri_blackbox_last_words(struct tri_blackbox *box, enum tri_last_words kind)
{
	uint32_t none = TRI_LAST_NONE;

	return atomic_compare_exchange_strong(&box->last_words, &none, kind);
}
