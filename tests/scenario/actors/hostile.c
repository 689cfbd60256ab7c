/*
 * hostile.c: a process that has been started as an actor and does to its supervisor what no actor may. It speaks nng and frames by itself, without the library's say. What
 * it does this time is the first word of the file named by HOSTILE_FILE, which it removes; without one it is a victim, as it is when a way is there to be survived. What it can do is in hostile/.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile/hostile.h"

static const struct crime {
	const char *name;
	void (*commit)(void);
} crimes[] = {
#define CRIME(name) { #name, name },
	HOSTILE_CRIMES(CRIME)
#undef CRIME
};

static bool
read_crime(char ret_word[64])
{
	const char *path = getenv("HOSTILE_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;

	if (!file)
		return false;
	bool read_one = fscanf(file, "%63s", ret_word) == 1;
	fclose(file);
	unlink(path);
	return read_one;
}

int
main(int argc, char **argv)
{
	char word[64];

	(void)argc;
	if (!getenv(TRI_ENV_LINK))
		return TRI_EXIT_BY_HAND;
	if (!read_crime(word))
		be_a_victim(argv);
	if (tri_blackbox_map(TRI_FD_BLACKBOX, &box) != TRACTOR_OK)
		return 11;
	tri_outbox_open(&outbox, box, NULL);
	atomic_store(&box->sent, 1000); /* far beyond what the supervisor will have heard */
	if (strcmp(word, "connect_and_close") == 0)
		connect_and_close(argv);
	if (strcmp(word, "connect_and_babble") == 0)
		connect_and_babble(argv);
	if (strcmp(word, "connect_and_wait") == 0)
		connect_and_wait();
	if (strcmp(word, "intruder") == 0)
		intruder(argv);
	if (strcmp(word, "ready_and_gone") == 0)
		ready_and_gone();
	dial();
	for (size_t i = 0; i < sizeof(crimes) / sizeof(crimes[0]); i++)
		if (strcmp(crimes[i].name, word) == 0) {
			crimes[i].commit();
			for (;;)
				pause(); /* to be killed for it */
		}
	return 12;
}
