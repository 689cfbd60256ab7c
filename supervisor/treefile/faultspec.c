/* faultspec.c: reads what faultspec.h describes. Knows no actor: whether there is such a message is for whoever does. */
#include "faultspec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"
#include "why.h"

static const struct word {
	const char *word;
	int64_t least, most;
} words[TRI_FAULT_KINDS] = {
#define FAULT_WORD(constant, word, least, most) [constant] = { word, least, most },
	TRI_FAULTS(FAULT_WORD)
#undef FAULT_WORD
};

bool
faultspec_is_outside(enum tri_fault_kind fault)
{
	return fault == TRI_FAULT_KILL || fault == TRI_FAULT_STOP;
}

/* Digits only, from `least` to `most`. */
static bool
read_number(const char *text, int64_t least, int64_t most, int64_t *ret_number)
{
	size_t length = strlen(text);

	if (length == 0 || length > 18 || strspn(text, "0123456789") != length)
		return false;
	*ret_number = strtoll(text, NULL, 10);
	return *ret_number >= least && *ret_number <= most;
}

/* "SIGBUS", "sigbus"; 0: there is none. */
static int
signal_of(const char *name)
{
	for (int signal = 1; signal < NSIG; signal++) {
		const char *known = sigabbrev_np(signal);
		if (known && strncasecmp(name, "SIG", 3) == 0 && strcasecmp(name + 3, known) == 0)
			return signal;
	}
	return 0;
}

static tractor_err
no_such_fault(const char *fault)
{
	const char *names[TRI_FAULT_KINDS];

	for (size_t i = 0; i < TRI_FAULT_KINDS; i++)
		names[i] = i == TRI_FAULT_SIGNAL ? NULL : words[i].word;
	const char *meant = suggest_word(fault, names, TRI_FAULT_KINDS);
	return meant ? tri_why(TRACTOR_EINVAL, "there is no fault \"%.64s\"; did you mean \"%s\"?", fault,
			       meant)
		     : tri_why(TRACTOR_EINVAL, "there is no fault \"%.64s\"; see: tractor help inject",
			       fault);
}

tractor_err
faultspec_parse_fault(const char *fault, struct faultspec *spec)
{
	const char *colon = strchr(fault, ':');
	size_t length = colon ? (size_t)(colon - fault) : strlen(fault);

	for (int i = 0; i < TRI_FAULT_KINDS; i++) {
		const struct word *word = &words[i];
		if (i == TRI_FAULT_SIGNAL || strlen(word->word) != length ||
			strncmp(word->word, fault, length) != 0)
			continue;
		spec->fault = (enum tri_fault_kind)i;
		if (word->most == 0 ? !colon
				    : colon && read_number(colon + 1, word->least, word->most, &spec->number))
			return TRACTOR_OK;
		if (word->most == 0)
			return tri_why(TRACTOR_EINVAL, "%s has no number", word->word);
		return tri_why(TRACTOR_EINVAL, "which %s? %s:%lld to %s:%lld", word->word, word->word,
			(long long)word->least, word->word, (long long)word->most);
	}
	spec->fault = TRI_FAULT_SIGNAL;
	spec->number = signal_of(fault);
	return spec->number > 0 ? TRACTOR_OK : no_such_fault(fault);
}

static bool
take_prefix(const char **at, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*at, prefix, length) != 0)
		return false;
	*at += length;
	return true;
}

static tractor_err
not_a_place(void)
{
	return tri_why(TRACTOR_EINVAL,
		"a place is a message, and perhaps which one of them: counter.increment, counter.increment:3, after:counter.increment, reply:counter.get; or start, stop, failpoint:NAME");
}

/* NAME[:N] */
static tractor_err
parse_name(const char *at, struct faultspec *spec)
{
	const char *colon = strrchr(at, ':');
	size_t length = colon ? (size_t)(colon - at) : strlen(at);
	int64_t count = 1;

	if (length == 0 || length > FAULTSPEC_NAME_MAX ||
		(colon && !read_number(colon + 1, 1, INT64_MAX / 2, &count)))
		return not_a_place();
	memcpy(spec->name, at, length);
	spec->name[length] = '\0';
	spec->count = (uint64_t)count;
	return TRACTOR_OK;
}

tractor_err
faultspec_parse_place(const char *at, struct faultspec *spec)
{
	if (strcmp(at, "start") == 0 || strcmp(at, "stop") == 0) {
		spec->place = strcmp(at, "start") == 0 ? TRI_AT_START : TRI_AT_STOP;
		return TRACTOR_OK;
	}
	spec->place = take_prefix(&at, "failpoint:") ? TRI_AT_FAILPOINT
		      : take_prefix(&at, "after:")   ? TRI_AT_AFTER
		      : take_prefix(&at, "reply:")   ? TRI_AT_REPLY
						     : TRI_AT_BEFORE;
	take_prefix(&at, "before:");
	return parse_name(at, spec);
}

tractor_err
faultspec_parse(const char *fault, const char *at, struct faultspec *ret_spec)
{
	struct faultspec spec = { .place = TRI_AT_ONCE, .count = 1 };
	tractor_err err = faultspec_parse_fault(fault, &spec);

	if (err == TRACTOR_OK && at && faultspec_is_outside(spec.fault))
		return tri_why(TRACTOR_EINVAL,
			"%s comes from outside the actor, at no particular message; leave the place (at) out",
			fault);
	if (err == TRACTOR_OK && at)
		err = faultspec_parse_place(at, &spec);
	if (err == TRACTOR_OK && spec.fault == TRI_FAULT_FAIL && spec.place != TRI_AT_START &&
		spec.place != TRI_AT_BEFORE)
		return tri_why(TRACTOR_EINVAL,
			"fail is for what can fail: at start, or at a message, whose handler is not run");
	if (err == TRACTOR_OK)
		*ret_spec = spec;
	return err;
}
