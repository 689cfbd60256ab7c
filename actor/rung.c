/*
 * rung.c: noting who is waited for, and giving way. What others wrote is believed for a moment only. Nothing fails.
 */
#include "rung.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

void
tri_rung_begin(struct tri_rung_end *end, struct tri_rung *rung, unsigned who)
{
	*end = (struct tri_rung_end){ .rung = rung,
		.who = who,
		.yield = { .moment_ns = TRI_RUNG_MOMENT_NS, .pause_ns = TRI_RUNG_PATIENCE_NS } };
}

void
tri_rung_open(struct tri_rung_end *end, int fd, unsigned who)
{
	void *map = mmap(NULL, sizeof(struct tri_rung), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	tri_rung_begin(end, map == MAP_FAILED ? NULL : map, who);
}

void
tri_rung_close(struct tri_rung_end *end)
{
	if (end->rung)
		munmap(end->rung, sizeof(*end->rung));
	end->rung = NULL;
}

static unsigned
who_of(uint64_t note)
{
	return note & TRI_RUNG_WHO_MAX;
}

/* For how long it has been there: at most 4 us more than that. One that is much later than now nobody meant, and seems old. */
static uint64_t
age_ns(uint64_t note, uint64_t now_ns)
{
	uint64_t since_ns = note & ~(uint64_t)TRI_RUNG_WHO_MAX;

	return since_ns - now_ns < TRI_RUNG_AHEAD_NS ? 0 : now_ns - since_ns;
}

/* Who was noted there earlier, and is waited for still, keeps its place. */
void
tri_rung_note(const struct tri_rung_end *end, unsigned who)
{
	if (!end->rung)
		return;
	_Atomic uint64_t *place = &end->rung->notes[who % TRI_RUNG_PLACES];
	uint64_t now_ns = tri_now_ns(), note = atomic_load_explicit(place, memory_order_relaxed);

	if (note == 0 || age_ns(note, now_ns) > TRI_RUNG_STALE_NS)
		atomic_store(place, (now_ns & ~(uint64_t)TRI_RUNG_WHO_MAX) | who);
	atomic_store(&end->rung->any, 1);
}

void
tri_rung_take_back(const struct tri_rung_end *end)
{
	_Atomic uint64_t *place = &end->rung->notes[end->who % TRI_RUNG_PLACES];
	uint64_t note = atomic_load_explicit(place, memory_order_relaxed);

	if (note != 0 && who_of(note) == end->who)
		atomic_compare_exchange_strong(place, &note, 0);
}

/* The longest of those that are waited for, ns; 0: nobody is. Our own notes go, as we are here, and those of who has waited too long. */
static uint64_t
longest_ns(const struct tri_rung_end *end, uint64_t now_ns)
{
	uint64_t longest = 0;

	for (unsigned i = 0; i < TRI_RUNG_PLACES; i++) {
		uint64_t note = atomic_load(&end->rung->notes[i]);
		if (note == 0)
			continue;
		uint64_t age = age_ns(note, now_ns);
		if (who_of(note) == end->who || age > TRI_RUNG_STALE_NS)
			atomic_compare_exchange_strong(&end->rung->notes[i], &note, 0);
		else if (age >= longest)
			longest = age + 1;
	}
	return longest;
}

/* One who is noted meanwhile is seen by the second look, or has said so after us. */
static void
nobody_waits(const struct tri_rung_end *end, uint64_t now_ns)
{
	atomic_store(&end->rung->any, 0);
	if (longest_ns(end, now_ns) > 0)
		atomic_store(&end->rung->any, 1);
}

void
tri_rung_look(struct tri_rung_end *end)
{
	uint64_t now_ns = tri_now_ns(), longest = longest_ns(end, now_ns);

	if (longest == 0)
		nobody_waits(end, now_ns);
	/* It may wait for another processor than ours, and then that is for nothing: so not more often than others wait for us. */
	if (longest > TRI_RUNG_PATIENCE_NS)
		tri_yield(&end->yield, now_ns);
}
