/*
 * ledger.c: the files of evidence, mapped. A store into one is there when the process is not, whatever it died of; nothing here is synced, since no machine
 * dies in this test. Used by the actors and by the driver. What fails is returned.
 */
#include "ledger.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const struct member_info members[MEMBER_COUNT] = {
#define MEMBER_INFO(constant, path, sender, again) [constant] = { path, sender, again },
	SOAK_MEMBERS(MEMBER_INFO)
#undef MEMBER_INFO
};

unsigned
member_at(const char *path)
{
	unsigned i = 0;

	while (i < MEMBER_COUNT && strcmp(members[i].path, path) != 0)
		i++;
	return i;
}

static void *
map(const char *name, size_t size_bytes)
{
	const char *folder = getenv(LEDGER_FOLDER);
	char path[256];
	void *mapped = MAP_FAILED;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : ".", name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)size_bytes) == 0)
		mapped = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		return NULL;
	madvise(mapped, size_bytes, MADV_RANDOM); /* or the kernel reads megabytes of holes ahead */
	return mapped;
}

struct ledger *
ledger_open(unsigned member)
{
	return map(strrchr(members[member].path, '/') + 1, sizeof(struct ledger));
}

struct board *
ledger_board(void)
{
	return map("board", sizeof(struct board));
}

void
ledger_wrong(struct ledger *ledger, enum wrong what, const char *format, ...)
{
	va_list arguments;

	if (atomic_fetch_add(&ledger->wrongs[what], 1) > 0)
		return;
	va_start(arguments, format);
	vsnprintf(ledger->first_wrong[what], LEDGER_WORDS, format, arguments);
	va_end(arguments);
}

const char *
ledger_wrong_words(enum wrong what)
{
	static const char *const words[] = {
#define WRONG_WORDS(constant, text) [constant] = text,
		WRONGS(WRONG_WORDS)
#undef WRONG_WORDS
	};

	return words[what];
}

uint64_t
ledger_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned
ledger_pick(uint64_t *state, unsigned below)
{
	return (unsigned)(ledger_random(state) % below);
}

uint64_t
ledger_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
