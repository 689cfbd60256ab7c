/*
 * output.h: what the command prints: data on standard output, words on standard error. Nothing that came from an actor or a file reaches a
 * terminal as it is: control characters are shown, not sent.
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_OUTPUT_H
#define TRACTOR_SUPERVISOR_COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

/* "tractor: ..." and a newline on standard error. */
void output_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The text with what a terminal would act upon made visible: control characters as \n, \t or \x1b, bytes that are not UTF-8 as \xff, and
 * characters that only turn the direction of writing as \u202e. To be freed; ends the program if memory does.
 */
char *output_safe(const char *text);

/* The same at once. */
void output_text(FILE *stream, const char *text);
/* Of a text that may have a NUL in it. */
void output_bytes(FILE *stream, const char *text, size_t size);
/* Of several lines: each safe, and ended by a newline. */
void output_lines(FILE *stream, const char *text);

/* Compact JSON without a newline; numbers as short as they can be without becoming others, characters as above as \u001b. */
void output_json(FILE *stream, const json_t *value);

/* A whole line: the object with "schema_version":1 before everything else, unless it has one. */
void output_json_line(FILE *stream, const json_t *object);

/* True if colour is welcome there: a terminal, TERM isn't dumb, NO_COLOR is not set (https://no-color.org). */
bool output_is_coloured(FILE *stream);

struct output_column {
	const char *title;
	bool right; /* aligned: numbers */
};

struct output_table;

/* `columns` must live as long as the table. Tables end the program if memory ends. */
struct output_table *output_table_new(const struct output_column *columns, size_t column_count);

/* One row; cells are copied and made safe; NULL is "-". */
void output_table_add(struct output_table *table, const char *const *cells);

/*
 * Prints the titles and all rows, columns two blanks apart, no blanks at the ends of lines. `style`, which may be NULL, gives the number of an SGR
 * colour for a cell ("31"), or NULL; it is only asked if `stream` is coloured.
 */
void output_table_print(const struct output_table *table, FILE *stream,
	const char *(*style)(size_t column, const char *cell));

void output_table_free(struct output_table *table);

/* A span of time for people, in three or four characters of precision: "812ms", "4.2s", "1m21s", "3h02m", "5d04h". Returns `text`. */
#define OUTPUT_TIME_BYTES 40
const char *output_duration(int64_t ms, char text[OUTPUT_TIME_BYTES]);

/* A moment, in milliseconds since the epoch, as local time: "2026-11-23 07:22:27.123". Returns `text`. */
const char *output_time(int64_t ms, char text[OUTPUT_TIME_BYTES]);

/* False once standard output could not be written: streaming commands stop then. Flushes. */
bool output_flush(void);

/*
 * The last thing that the program does: everything must have reached standard output. If not, returns 1 unless `code` is an error already, and says so, but not if it was the reader who went away.
 */
int output_finish(int code);

/* For the few places that allocate: `memory` if it isn't NULL; else the program says so and ends with 1. */
void *output_need(void *memory);

#endif
