/*
 * why.h: the sentence behind an error. Whoever finds out what is wrong says so here; whoever passes the error
 * on leaves it.
 */
#ifndef TRACTOR_ACTOR_WHY_H
#define TRACTOR_ACTOR_WHY_H

#include <stdbool.h>

#include <tractor/error.h>

/* tractor_fail() under its name inside the libraries. Cut at TRI_WHY_MAX - 1 bytes. */
#define tri_why tractor_fail
#define TRI_WHY_MAX 4096 /* a tree file's errors, some dozens of lines */

/* Whether it is one of TRACTOR_ERRORS. */
bool tri_err_is_known(int err);

/* Before the user's code is called: what it leaves behind is then its own. */
void tri_why_clear(void);

/* What tractor_why() says if it was said of this error, and not of another that was dealt with; else "". */
const char *tri_why_said_of(tractor_err err);

/* Gives an error back; from now on tractor_why() speaks of it: in its own words if it has any, else in general ones. */
tractor_err tri_why_of(tractor_err err);

#endif
