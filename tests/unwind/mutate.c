/*
 * mutate.c: what somebody could write into a black box who wants the unwinder to do harm: numbers that lie about lengths, stacks that lead in circles, maps that name what must not be opened, addresses in the middle of any
 * code. The same state gives the same forgery of the same capture.
 */
#include "mutate.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS_MAX 8

uint64_t
mutate_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
mutate_pick(uint64_t *state, uint64_t below)
{
	return mutate_random(state) % below;
}

/* --- numbers --- */

static uint32_t
lying_count(uint64_t *state)
{
	static const uint32_t counts[] = { 0, 1, 7, 8, 9, 63, 64, 65, TRI_STACK_BYTES - 8, TRI_STACK_BYTES,
		TRI_STACK_BYTES + 1, TRI_MAPS_BYTES, TRI_MAPS_BYTES + 1, INT32_MAX, UINT32_MAX - 7,
		UINT32_MAX };

	return counts[mutate_pick(state, sizeof(counts) / sizeof(counts[0]))];
}

/* On the stack, in the program, or anywhere. */
static uint64_t
lying_address(const struct tri_fault *fault, uint64_t *state)
{
	switch (mutate_pick(state, 6)) {
	case 0: return fault->stack_start + mutate_pick(state, TRI_STACK_BYTES + 64) - 32;
	case 1: return fault->instruction_pointer + mutate_pick(state, 65536) - 32768;
	case 2:
		return fault->modules[mutate_pick(state, TRI_MODULE_COUNT)].start +
		       mutate_pick(state, 1 << 21);
	case 3: return mutate_pick(state, 64) - 32;
	case 4: return mutate_random(state);
	default: return fault->frames[mutate_pick(state, TRI_FRAME_COUNT)];
	}
}

static void
lie_about_a_count(struct tri_fault *fault, uint64_t *state)
{
	uint32_t *const counts[] = { &fault->register_count, &fault->frame_count, &fault->module_count,
		&fault->code_bytes, &fault->stack_bytes, &fault->maps_bytes,
		&fault->modules[mutate_pick(state, TRI_MODULE_COUNT)].build_id_bytes };

	*counts[mutate_pick(state, sizeof(counts) / sizeof(counts[0]))] = lying_count(state);
}

static void
lie_about_an_address(struct tri_fault *fault, uint64_t *state)
{
	uint64_t *const addresses[] = { &fault->address, &fault->instruction_pointer, &fault->stack_pointer,
		&fault->frame_pointer, &fault->code_start, &fault->stack_start,
		&fault->registers[mutate_pick(state, TRI_REGISTER_COUNT)],
		&fault->frames[mutate_pick(state, TRI_FRAME_COUNT)],
		&fault->modules[mutate_pick(state, TRI_MODULE_COUNT)].start };

	*addresses[mutate_pick(state, sizeof(addresses) / sizeof(addresses[0]))] =
		lying_address(fault, state);
}

/* --- the stack --- */

static void
put_word(struct tri_fault *fault, size_t word, uint64_t value)
{
	memcpy(fault->stack + word * sizeof(value), &value, sizeof(value));
}

/* Some words, or all of them. */
static void
lie_on_the_stack(struct tri_fault *fault, uint64_t *state)
{
	size_t words = TRI_STACK_BYTES / sizeof(uint64_t), first = mutate_pick(state, words);
	size_t count = mutate_pick(state, 4) == 0 ? words - first : 1 + mutate_pick(state, 16);

	for (size_t i = first; i < first + count && i < words; i++)
		put_word(fault, i, lying_address(fault, state));
}

/* Each frame leads to itself, or to the one before. */
static void
go_in_circles(struct tri_fault *fault, uint64_t *state)
{
	size_t words = TRI_STACK_BYTES / sizeof(uint64_t);
	uint64_t code = lying_address(fault, state), back = 8 * mutate_pick(state, 3);

	for (size_t i = 0; i + 1 < words; i += 2) {
		put_word(fault, i, fault->stack_start + i * sizeof(uint64_t) - back);
		put_word(fault, i + 1, code);
	}
}

/* --- the maps --- */

static const char *
lying_name(uint64_t *state)
{
	static const char *const names[] = { "/dev/zero", "/dev/full", "/dev/null", "/proc/self/mem",
		"/proc/self/maps", "/proc/self/fd/0", "/proc/self/fd/1", "/etc/passwd", "/", "/etc",
		"relative", "", "/lib/../bin/sh", "/bin/sh", "/bin/sh (deleted)", " (deleted)", "/ (deleted)",
		"[vdso]", "[stack]", "[heap]", "//anon", "/memfd:tractor (deleted)", "/\x1b[2J\xff\xfe\"\\",
		"/usr/bin/env\\012x", "/nowhere/%s%n%n%n" };

	return names[mutate_pick(state, sizeof(names) / sizeof(names[0]))];
}

/* One more line, anywhere. */
static void
insert_line(struct tri_fault *fault, const char *line, uint64_t *state)
{
	static char rest[TRI_MAPS_BYTES];
	size_t used = fault->maps_bytes < TRI_MAPS_BYTES ? fault->maps_bytes : TRI_MAPS_BYTES;
	size_t at = used > 0 ? mutate_pick(state, used) : 0, length = strlen(line);
	const char *newline = memchr(fault->maps + at, '\n', used - at);

	at = newline ? (size_t)(newline - fault->maps) + 1 : used;
	if (used + length > TRI_MAPS_BYTES)
		return;
	memcpy(rest, fault->maps + at, used - at);
	memcpy(fault->maps + at, line, length);
	memcpy(fault->maps + at + length, rest, used - at);
	fault->maps_bytes = (uint32_t)(used + length);
}

static void
map_something(struct tri_fault *fault, uint64_t *state, const char *name, uint64_t inode)
{
	uint64_t start = lying_address(fault, state) & ~UINT64_C(4095);
	char line[512];

	snprintf(line, sizeof(line), "%" PRIx64 "-%" PRIx64 " r-xp %08" PRIx64 " 00:00 %" PRIu64 "    %s\n",
		start, start + (mutate_pick(state, 64) << 12),
		mutate_pick(state, 3) == 0 ? mutate_random(state) : 0, inode, name);
	insert_line(fault, line, state);
}

static void
scratch_the_maps(struct tri_fault *fault, uint64_t *state)
{
	static const char signs[] = "0123456789abcdefrwxp-: \n/[]\0\xff";
	size_t used = fault->maps_bytes < TRI_MAPS_BYTES ? fault->maps_bytes : TRI_MAPS_BYTES;

	for (uint64_t i = 1 + mutate_pick(state, 32); used > 0 && i > 0; i--)
		fault->maps[mutate_pick(state, used)] = signs[mutate_pick(state, sizeof(signs))];
}

/* Without the C library everything is a good deal faster, for its debug information is large where it is there. */
static void
forget_the_c_library(struct tri_fault *fault)
{
	size_t used = 0, end = fault->maps_bytes < TRI_MAPS_BYTES ? fault->maps_bytes : TRI_MAPS_BYTES;

	for (size_t at = 0; at < end;) {
		const char *newline = memchr(fault->maps + at, '\n', end - at);
		size_t length = newline ? (size_t)(newline + 1 - (fault->maps + at)) : end - at;
		if (!memmem(fault->maps + at, length, "/libc.so", strlen("/libc.so"))) {
			memmove(fault->maps + used, fault->maps + at, length);
			used += length;
		}
		at += length;
	}
	fault->maps_bytes = (uint32_t)used;
}

/* --- the whole --- */

static void
scratch(struct tri_fault *fault, uint64_t *state)
{
	uint8_t *bytes = (uint8_t *)fault;
	size_t end = mutate_pick(state, 2) == 0 ? sizeof(*fault) : offsetof(struct tri_fault, stack);

	for (uint64_t i = 1 + mutate_pick(state, 64); i > 0; i--)
		bytes[mutate_pick(state, end)] = (uint8_t)mutate_random(state);
}

static void
mutate_once(struct tri_fault *fault, uint64_t *state)
{
	switch (mutate_pick(state, 9)) {
	case 0: lie_about_a_count(fault, state); break;
	case 1:
	case 2: lie_about_an_address(fault, state); break;
	case 3: lie_on_the_stack(fault, state); break;
	case 4: go_in_circles(fault, state); break;
	case 5:
	case 6: map_something(fault, state, lying_name(state), mutate_pick(state, 100)); break;
	case 7: scratch_the_maps(fault, state); break;
	case 8: scratch(fault, state); break;
	}
}

void
mutate_fault(struct tri_fault *fault, uint64_t *state, const char *crafted, uint64_t inode)
{
	if (mutate_pick(state, 20) != 0)
		forget_the_c_library(fault);
	/* Instead of the program, so that it is asked what is at the address. */
	if (crafted) {
		char line[512];
		uint64_t start =
			(fault->instruction_pointer & ~UINT64_C(4095)) - 4096; /* its code is there */
		snprintf(line, sizeof(line),
			"%" PRIx64 "-%" PRIx64 " r-xp 00000000 00:00 %" PRIu64 "    %s\n", start,
			start + (16 << 12), inode, crafted);
		fault->maps_bytes = 0;
		fault->module_count = 0;
		insert_line(fault, line, state);
		fault->instruction_pointer = start + 4096 + mutate_pick(state, 700);
	}
	for (uint64_t i = mutate_pick(state, MUTATIONS_MAX) + !crafted; i > 0; i--)
		mutate_once(fault, state);
}

void
mutate_file(uint8_t *bytes, size_t size, uint64_t *state)
{
	uint64_t count =
		1 + mutate_pick(state,
			    1 + mutate_pick(state, 200)); /* more often few: then more of it makes sense */
	/* Headers, tables, or anywhere. */
	size_t end = mutate_pick(state, 3) == 0 ? size : size / 16 + 64;

	for (uint64_t i = 0; i < count; i++) {
		size_t at = mutate_pick(state, 2) == 0 ? mutate_pick(state, end)
						       : size - 1 - mutate_pick(state, end);
		bytes[at] = mutate_pick(state, 4) == 0 ? 0xff : (uint8_t)mutate_random(state);
	}
}
