/* treereport.h: how the parts of the tree file's reader add to its report. Reading and printing it: treefile.h. */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_TREEREPORT_H
#define TRACTOR_SUPERVISOR_TREEFILE_TREEREPORT_H

#include "treefile.h"

/*
 * Adds one error at its place by position; what is there already, with the same position and text, is not added twice (an
 * alias leads to the same text again). line 0: it concerns no position. Control characters in the text become '?'.
 * Out of memory is noted in the report.
 */
void treereport_add(struct treefile_report *report, int line, int column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
