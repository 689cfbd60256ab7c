/*
 * treefile.h: the tree file (YAML, and so JSON) made into a checked spec; or, where that can't be, all that is wrong with it.
 *
 * The file is one YAML 1.1 document. Anchors and aliases are fine as long as no value contains itself. Refused, each with its own message:
 * a second document, merge keys (<<), duplicate keys, tags other than YAML's own (!!str and the like, which are ignored: what a
 * value must be is known from its key), texts with a NUL, anything but UTF-8.
 */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_TREEFILE_H
#define TRACTOR_SUPERVISOR_TREEFILE_TREEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <tractor/error.h>

#include "spec.h"

/* Limits against files that are not tree files, or that were made to hurt. The largest tree of ours has some hundred nodes. */
#define TREEFILE_BYTES_MAX (16 * 1024 * 1024)
#define TREEFILE_VALUES_MAX 200000 /* keys and values, aliases expanded */
#define TREEFILE_ANCHORS_MAX 256   /* libyaml looks each up in a list */
#define TREEFILE_NESTING_MAX \
	64 /* two per nested supervisor, SPEC_DEPTH_MAX of these, and room to say so politely */
#define TREEFILE_ERRORS_MAX 100 /* nobody reads on; the number of the others is told */

struct treefile_error {
	int line, column; /* 1-based; 0, 0: about the file as a whole */
	char *text;	  /* what is wrong, and what would be right; one line, without the position */
};

struct treefile_report {
	struct treefile_error *errors; /* in the order of their positions */
	size_t count;
	size_t more;	    /* errors that were found and not kept */
	bool out_of_memory; /* not even the errors could all be kept */
};

/*
 * Reads and checks `path`. On success *ret_root is a checked spec, with executables found and all paths absolute, which the caller
 * frees with spec_free(). `report` need not be initialised; it must be freed after every call.
 *
 *   TRACTOR_EINVAL  the file is bad; `report` has all that is wrong
 *   TRACTOR_ESYSTEM it can't be read; `report` says why
 *   TRACTOR_ENOMEM  out of memory; `report` is incomplete
 *
 * Blocks as long as reading the file does. Apart from it, only executables are looked at: stat(), access(), a script's first line, and
 * getenv("PATH").
 */
tractor_err treefile_load(const char *path, struct treefile_report *report, struct spec **ret_root);

/*
 * The same from memory. `name` is how messages call the text. Relative executables are below `directory` (which may itself be relative;
 * NULL: the current one); it becomes each actor's working directory.
 */
tractor_err treefile_parse(const char *text, size_t length, const char *name, const char *directory,
	struct treefile_report *report, struct spec **ret_root);

/* What a text may be. */
enum treefile_what {
	TREEFILE_TREE,
	TREEFILE_CHILD,	 /* one entry of a list of children */
	TREEFILE_MEMBER, /* what is a pool's new member's own: its name and its args */
};

/* As treefile_parse(), of a text that is only such a part. Not looked at: whether it fits where it is to go. */
tractor_err treefile_parse_part(const char *text, size_t length, enum treefile_what what, const char *name,
	const char *directory, struct treefile_report *report, struct spec **ret_spec);

/* The whole of a file, one byte more than TREEFILE_BYTES_MAX at most; to be freed. Returns 0 or errno. */
int treefile_read(const char *path, char **ret_text, size_t *ret_length);

/* Where a file is: of "a/b.yaml" "a", of "b.yaml" ".", of "/b.yaml" "/"; to be freed. NULL: no memory. */
char *treefile_directory(const char *path);

/* One line per error, `name:line:column: text`. */
void treefile_report_print(const struct treefile_report *report, const char *name, FILE *stream);

/* Frees what the report has, not the struct. NULL and an empty one are fine. */
void treefile_report_free(struct treefile_report *report);

#endif
