/*
 * policy.c: a crash policy as a plugin: its verdict is the word in the environment variable TEST_VERDICT, "restart" with anything else; and it says what it was told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tractor/crash.h>

extern const struct tractor_crash_policy tractor_crash_policy;

static struct tractor_verdict
on_crash(void *self, const struct tractor_crash *crash)
{
	static const char *const words[] = { "default", "restart", "restart_after", "stop", "escalate" };
	const char *wanted = getenv("TEST_VERDICT");
	struct tractor_verdict verdict = { .kind = TRACTOR_VERDICT_RESTART, .after_ms = 0 };

	(void)self;
	fprintf(stderr, "plugin: %s %u %d %s %s\n", crash->path, crash->incarnation, crash->signal,
		crash->message ? crash->message : "-", crash->planned);
	for (unsigned i = 0; wanted && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], wanted) == 0)
			verdict.kind = (enum tractor_verdict_kind)i;
	if (verdict.kind == TRACTOR_VERDICT_RESTART_AFTER)
		verdict.after_ms = 300;
	return verdict;
}

__attribute__((visibility("default")))
const struct tractor_crash_policy tractor_crash_policy = { .self = NULL, .on_crash = on_crash };
