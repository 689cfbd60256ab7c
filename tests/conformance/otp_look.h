/*
 * otp_look.h: the questions that OTP's cases ask: which_children, count_children, exit reasons, who was started and stopped in which order. Answered by the runtime, and by the events of its tree;
 * each waits, up to a deadline, until it is as expected.
 */
#ifndef TRACTOR_TESTS_OTP_LOOK_H
#define TRACTOR_TESTS_OTP_LOOK_H

#include "otp_open.h"

/* --- what there is: which_children, count_children --- */

__attribute__((format(printf, 3, 4))) static inline void
append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

static inline const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static inline void
children_text(const char *path, char *text, size_t size)
{
	struct tractor_child_info *items = NULL;
	size_t count = 0;
	tractor_err err = tractor_which_children(otp.seed->rt, path, &items, &count);

	*text = '\0';
	if (err != TRACTOR_OK)
		append(text, size, "%s: %s", tractor_err_name(err), tractor_why());
	for (size_t i = 0; err == TRACTOR_OK && i < count; i++)
		append(text, size, "%s%s %s", i > 0 ? ", " : "", last_part(items[i].path),
			tractor_child_state_name(items[i].state));
	free(items);
}

/* Turns the runtime, until `text_of(arg)` is as expected. Of a tree that has ended nothing more comes. */
static inline void
becomes(const char *what, void (*text_of)(const char *arg, char *text, size_t size), const char *arg,
	const char *expected)
{
	int64_t until_ms = now_ms() + scaled_ms(SEED_DEADLINE_MS), left_ms;
	char text[TEXT_MAX];

	for (;;) {
		text_of(arg, text, sizeof(text));
		if (strcmp(text, expected) == 0)
			return;
		left_ms = until_ms - now_ms();
		if (left_ms <= 0 || otp.seed->rt == NULL ||
			tractor_runtime_turn(otp.seed->rt, left_ms) != TRACTOR_OK)
			break;
	}
	text_of(arg, text, sizeof(text));
	if (strcmp(text, expected) == 0)
		return;
	seed_show(&otp.seed->events);
	seed_show(&otp.seed->lines);
	ck_abort_msg("%s %s: '%s',\nexpected '%s'", what, arg, text, expected);
}

/* which_children: "a running, b stopped"; "": none. Oldest first, where OTP has the newest first. */
static inline void
children(const char *path, const char *expected)
{
	becomes("the children of", children_text, path, expected);
}

/* count_children: [specs, active, supervisors, workers], now. */
static inline void
counts(const char *path, uint32_t specs, uint32_t active, uint32_t supervisors, uint32_t workers)
{
	struct tractor_child_counts found;

	OK(tractor_count_children(otp.seed->rt, path, &found));
	ck_assert_msg(found.specs == specs && found.active == active && found.supervisors == supervisors &&
			      found.workers == workers,
		"the counts of %s are [%u,%u,%u,%u], expected [%u,%u,%u,%u]", path, found.specs, found.active,
		found.supervisors, found.workers, specs, active, supervisors, workers);
}

/* One child; to be freed. */
static inline struct tractor_child_info *
info_of(const char *path)
{
	struct tractor_child_info *info;

	OK(tractor_which_child(otp.seed->rt, path, &info));
	return info;
}

static inline pid_t
pid_of(const char *path)
{
	struct tractor_child_info *info = info_of(path);
	pid_t pid = info->pid;

	free(info);
	return pid;
}

static inline uint32_t
incarnation_of(const char *path)
{
	struct tractor_child_info *info = info_of(path);
	uint32_t incarnation = info->incarnation;

	free(info);
	return incarnation;
}

static inline void
is_gone(const char *path)
{
	struct tractor_child_info *info;

	FAILS(TRACTOR_ENOACTOR, tractor_which_child(otp.seed->rt, path, &info));
}

/* --- what happened: exit reasons, and the order of things --- */

static inline bool
is_end(const struct seed_note *note)
{
	return strcmp(note->what, "ended") == 0 || strcmp(note->what, "crashed") == 0;
}

/* Whether that incarnation had come up, or was stopped, before the event at `end`: else its end is a failed start. */
static inline bool
had_come_up(const struct seed_notes *events, size_t end)
{
	const struct seed_note *of = &events->notes[end];

	for (size_t i = end; i-- > 0;) {
		const struct seed_note *note = &events->notes[i];

		if (strcmp(note->path, of->path) == 0 && note->incarnation == of->incarnation &&
			(strcmp(note->what, "running") == 0 || strcmp(note->what, "stopping") == 0))
			return true;
	}
	return false;
}

/*
 * The exit reason in the rules' words, of the obituary: "ended: shutdown", "ended: SIGKILL" (by its supervisor), "crashed: pid 12: exit 3;
 * restart". A SIGKILL is put down to the kernel's OOM killer if that has struck lately, anywhere on this machine.
 */
static inline void
reason_text(const struct seed_notes *events, size_t at, char *text, size_t size)
{
	const struct seed_note *note = &events->notes[at];
	bool crashed = strcmp(note->what, "crashed") == 0;
	const char *says = crashed ? strstr(note->text, ": ") + 2 : note->text;

	if (crashed && !had_come_up(events, at))
		says = strncmp(says, "exit 125", 8) == 0 ? "permanent_failure" : "start_failed";
	else if (strncmp(says, "SIGKILL", 7) == 0 || strncmp(says, "oom", 3) == 0)
		says = "killed";
	else if (crashed)
		says = "abnormal";
	append(text, size, "%s%s:%.*s", *text != '\0' ? " " : "", last_part(note->path),
		(int)strcspn(says, ":"), says);
}

static inline void
reasons_text(const char *arg, char *text, size_t size)
{
	const struct seed_notes *events = &otp.seed->events;

	(void)arg;
	*text = '\0';
	for (size_t i = otp.reasons_from; i < events->count; i++)
		if (is_end(&events->notes[i]))
			reason_text(events, i, text, size);
}

/* What has ended since the last time, in order, and how: "b:killed a:shutdown". Processes only: supervisors have none. */
static inline void
reasons(const char *expected)
{
	becomes("there ended", reasons_text, "", expected);
	otp.reasons_from = otp.seed->events.count;
}

static inline int
compare_words(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static inline void
sorted_reasons_text(const char *arg, char *text, size_t size)
{
	char *words[256], *rest, unsorted[TEXT_MAX];
	size_t count = 0;

	reasons_text(arg, unsorted, sizeof(unsorted));
	for (char *word = strtok_r(unsorted, " ", &rest); word != NULL && count < COUNT_OF(words);
		word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	qsort(words, count, sizeof(words[0]), compare_words);
	*text = '\0';
	for (size_t i = 0; i < count; i++)
		append(text, size, "%s%s", i > 0 ? " " : "", words[i]);
}

/* The same, sorted: of those that end at the same time, such as a pool's members. */
static inline void
reasons_sorted(const char *expected)
{
	becomes("there ended", sorted_reasons_text, "", expected);
	otp.reasons_from = otp.seed->events.count;
}

static inline void
did_text(const char *arg, char *text, size_t size)
{
	const struct seed_notes *events = &otp.seed->events;

	(void)arg;
	*text = '\0';
	for (size_t i = otp.did_from; i < events->count; i++) {
		const struct seed_note *note = &events->notes[i];
		const char *name = last_part(note->path), *space = *text != '\0' ? " " : "";

		if (strcmp(note->what, "starting") == 0)
			append(text, size, "%s+%s", space, name);
		else if (strcmp(note->what, "stopping") == 0)
			append(text, size, "%s-%s", space, name);
		else if (strcmp(note->what, "gave_up") == 0)
			append(text, size, "%s~%s(%.*s)", space, name,
				(int)strcspn(last_part(note->text), " "), last_part(note->text));
	}
}

/* What was done since the last time: +a: started, -a: stopped, ~r(a): r gives up because of a. Supervisors, too. */
static inline void
did(const char *expected)
{
	becomes("it did", did_text, "", expected);
	otp.did_from = otp.seed->events.count;
}

static inline void
forget_log(void)
{
	otp.reasons_from = otp.did_from = otp.seed->events.count;
}

#endif
