/*
 * state.c: durable state in two copies; see state.h for the rule. The file belongs to this actor's slot alone and only its processes write it,
 * one after the other, so what is found in it is checked for size only.
 */
#include "state.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filesize.h"
#include "why.h"

#define NOT_WHOLE UINT64_MAX /* a tag that is never done */

struct tri_state_file {
	uint64_t size_bytes; /* of one copy; 0: none was ever kept */
	struct {
		_Atomic uint64_t tag; /* whole once this sequence is done */
		uint64_t generation;  /* the higher, the newer */
	} copy[2];
	_Alignas(64) uint8_t bytes[]; /* two copies, each rounded up to 64 bytes */
};
_Static_assert(sizeof(struct tri_state_file) == TRI_STATE_HEAD_BYTES, "what is before the copies");

static size_t
rounded(size_t size_bytes)
{
	return (size_bytes + 63) & ~(size_t)63;
}

static uint8_t *
copy_bytes(const struct tri_state *state, int which)
{
	return state->file->bytes + (which ? rounded(state->size_bytes) : 0);
}

tractor_err
tri_state_open(struct tri_state *state, size_t size_bytes)
{
	void *work = calloc(1, size_bytes ? size_bytes : 1);

	if (!work)
		return tri_why(TRACTOR_ENOMEM, "no memory for %zu bytes of state", size_bytes);
	*state = (struct tri_state){ .work = work, .size_bytes = size_bytes };
	return TRACTOR_OK;
}

static int
extend(int fd, size_t file_bytes)
{
	return tri_file_may_have(file_bytes) ? ftruncate(fd, (off_t)file_bytes) : -1;
}

tractor_err
tri_state_keep(struct tri_state *state, int fd)
{
	size_t file_bytes = sizeof(struct tri_state_file) + 2 * rounded(state->size_bytes);
	struct stat about;

	if (fstat(fd, &about) < 0 || (about.st_size < (off_t)file_bytes && extend(fd, file_bytes) < 0))
		return tri_why(TRACTOR_ESYSTEM, "cannot keep %zu bytes of state: %s", state->size_bytes,
			strerror(errno));
	void *file = mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		return tri_why(
			TRACTOR_ESYSTEM, "cannot map %zu bytes of state: %s", file_bytes, strerror(errno));
	state->file = file;
	state->file_bytes = file_bytes;
	if (state->file->size_bytes != state->size_bytes)
		tri_state_forget(state);
	return TRACTOR_OK;
}

/* The copy that is whole as of `done`; -1: neither. */
static int
whole_copy(const struct tri_state_file *file, uint64_t done)
{
	int found = -1;

	for (int i = 0; i < 2; i++) {
		if (atomic_load(&file->copy[i].tag) > done || file->copy[i].generation == 0)
			continue;
		if (found < 0 || file->copy[i].generation > file->copy[found].generation)
			found = i;
	}
	return found;
}

bool
tri_state_load(struct tri_state *state, uint64_t done)
{
	bool fits = state->file && state->file->size_bytes == state->size_bytes;
	int which = fits ? whole_copy(state->file, done) : -1;

	if (which < 0)
		return false;
	memcpy(state->work, copy_bytes(state, which), state->size_bytes);
	/* The other one may carry the tag of the message that was in hand: it must not count once that number is done, and is the next to be written. */
	atomic_store(&state->file->copy[!which].tag, NOT_WHOLE);
	state->file->copy[!which].generation = 0;
	return true;
}

void
tri_state_save(struct tri_state *state, uint64_t sequence)
{
	struct tri_state_file *file = state->file;

	if (!file)
		return;
	int older = file->copy[0].generation > file->copy[1].generation;
	atomic_store(&file->copy[older].tag, NOT_WHOLE);
	atomic_signal_fence(
		memory_order_seq_cst); /* the kernel kills between two instructions, not between two caches */
	memcpy(copy_bytes(state, older), state->work, state->size_bytes);
	file->copy[older].generation = file->copy[!older].generation + 1;
	atomic_store(&file->copy[older].tag, sequence);
}

void
tri_state_forget(struct tri_state *state)
{
	struct tri_state_file *file = state->file;

	if (!file)
		return;
	for (int i = 0; i < 2; i++) {
		atomic_store(&file->copy[i].tag, NOT_WHOLE);
		file->copy[i].generation = 0;
	}
	/* Last: a death before this leaves copies that are known to be of another size, and not ones that look like ours. */
	atomic_signal_fence(memory_order_seq_cst);
	file->size_bytes = state->size_bytes;
}

void
tri_state_close(struct tri_state *state)
{
	if (state->file)
		munmap(state->file, state->file_bytes);
	free(state->work);
	*state = (struct tri_state){ .work = NULL };
}

/* --- the supervisor's end --- */

bool
tri_state_find(const void *head, uint64_t done, uint64_t *ret_at, uint64_t *ret_size_bytes)
{
	_Alignas(struct tri_state_file) uint8_t copy[TRI_STATE_HEAD_BYTES];

	memcpy(copy, head, sizeof(copy));
	const struct tri_state_file *file = (const struct tri_state_file *)copy;
	int which = whole_copy(file, done);
	if (which < 0 || file->size_bytes > INT64_MAX / 2)
		return false;
	*ret_at = sizeof(copy) + (which ? rounded(file->size_bytes) : 0);
	*ret_size_bytes = file->size_bytes;
	return true;
}

void
tri_state_begin(void *ret_head, size_t size_bytes, uint64_t done)
{
	struct tri_state_file file = { .size_bytes = size_bytes,
		.copy = { { .tag = done, .generation = 1 }, { .tag = NOT_WHOLE } } };

	memcpy(ret_head, &file, sizeof(file));
}

tractor_err
tri_state_fill(int fd, const void *bytes, size_t size_bytes, uint64_t done)
{
	uint8_t head[TRI_STATE_HEAD_BYTES];

	tri_state_begin(head, size_bytes, done);
	if (extend(fd, sizeof(head) + 2 * rounded(size_bytes)) == 0 &&
		pwrite(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
		pwrite(fd, bytes, size_bytes, sizeof(head)) == (ssize_t)size_bytes)
		return TRACTOR_OK;
	return tri_why(TRACTOR_ESYSTEM, "cannot keep %zu bytes of state: %s", size_bytes, strerror(errno));
}
