/*
 * story.h: a small tree's life, from its opening to its closing, in a process of its own while something goes wrong in it: two levels, three actors, two of them with a spare, tells and asks, a crash with a policy's
 * word on it and a report, commands over the control socket, a stop by a signal. What is demanded of it is in the body's words.
 */
#ifndef TRACTOR_TESTS_FAULTS_STORY_H
#define TRACTOR_TESTS_FAULTS_STORY_H

#include "fault.h"

enum story_length { STORY_WHOLE, STORY_UP_AND_DOWN };

/*
 * Writes the tree's file to `tree` and lives through it with `fault`, in this process, which has no children and no other use. Tells on stderr what happens, and what should not have. False: something should not have. The counts of
 * calls are fault_count()'s afterwards.
 */
bool story_run(const char *tree, enum story_length length, const struct fault *fault);

#endif
