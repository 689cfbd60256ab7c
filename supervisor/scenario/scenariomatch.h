/* scenariomatch.h: whether a reply has what was wanted of it. Pure. */
#ifndef TRACTOR_SUPERVISOR_SCENARIO_SCENARIOMATCH_H
#define TRACTOR_SUPERVISOR_SCENARIO_SCENARIOMATCH_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/*
 * Whether `got` has each field that `wanted` has, and the same in it; fields that are not wanted are not looked at. Lists have to be as long, and numbers to be equal, whether they are written as
 * integers or not. If not, where they first differ goes to `stream`: "lines[1].amount: wanted 5, got 4", with a newline. A field that is not there is named with `message`,
 * whose reply it is: "shop.list's reply has no field ...".
 */
bool scenariomatch(const char *message, const json_t *wanted, const json_t *got, FILE *stream);

#endif
