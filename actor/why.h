/*
 * why.h: the sentence behind an error. Whoever finds out what is wrong says so here; whoever passes the error
 * on leaves it.
 */
#ifndef TRACTOR_ACTOR_WHY_H
#define TRACTOR_ACTOR_WHY_H

#include <tractor/error.h>

/* tractor_fail() under its name inside the libraries. Cut at TRI_WHY_MAX - 1 bytes. */
#define tri_why tractor_fail
#define TRI_WHY_MAX 4096 /* a tree file's errors, some dozens of lines */

/* Before the user's code is called: what it leaves behind is then its own. */
void tri_why_clear(void);

#endif
