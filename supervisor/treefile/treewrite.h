/* treewrite.h: a spec as a tree file has it, with every default written out: the other direction of treefile.h. */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_TREEWRITE_H
#define TRACTOR_SUPERVISOR_TREEFILE_TREEWRITE_H

#include <stdbool.h>

#include <jansson.h>

#include "spec.h"

/*
 * The mapping of a child, or (`is_root`) of the whole tree, with its children as far as the spec has them. Programs are named by their whole paths. Read again (treefile_parse_part(), in
 * the same directory) it is the same spec. The caller's. NULL: no memory, or a text in it is not UTF-8, which a file has to be.
 */
json_t *treewrite_spec(const struct spec *spec, bool is_root);

#endif
