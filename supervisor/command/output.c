/*
 * output.c: printing. It knows how things look, not what they mean. Being out of memory ends the program: a command that can't print its few lines
 * has nothing better to do. Errors in writing are kept by stdio and told at the end, or when a streaming command asks.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "visible.h"

#define GAP 2 /* blanks between columns */

struct output_table {
	const struct output_column *columns;
	size_t column_count, row_count;
	char **cells; /* row by row */
};

void *
output_need(void *memory)
{
	if (memory != NULL)
		return memory;
	fputs("tractor: out of memory\n", stderr);
	exit(1);
}

/* --- text --- */

static void
print_bytes(FILE *stream, const char *text, size_t size, visible_form *form)
{
	char shown[VISIBLE_BYTES];

	for (size_t length; size > 0; text += length, size -= length) {
		length = form(text, size, shown);
		fputs(shown, stream);
	}
}

void
output_bytes(FILE *stream, const char *text, size_t size)
{
	print_bytes(stream, text, size, visible_plain);
}

void
output_text(FILE *stream, const char *text)
{
	output_bytes(stream, text, strlen(text));
}

void
output_lines(FILE *stream, const char *text)
{
	for (size_t length; *text != '\0'; text += length) {
		length = strcspn(text, "\n");
		output_bytes(stream, text, length);
		putc('\n', stream);
		length += text[length] == '\n';
	}
}

char *
output_safe(const char *text)
{
	char *safe = NULL;
	size_t size;
	FILE *stream = output_need(open_memstream(&safe, &size));

	output_text(stream, text);
	fclose(stream);
	return output_need(safe);
}

void
output_error(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	/* In one piece, so that lines of several programs don't mix. */
	char *safe = output_safe(output_need(text));
	fprintf(stderr, "tractor: %s\n", safe);
	free(safe);
	free(text);
}

/* --- JSON --- */

static void
print_json_string(FILE *stream, const char *text, size_t size)
{
	putc('"', stream);
	print_bytes(stream, text, size, visible_json);
	putc('"', stream);
}

/* The fewest digits that are still this number; and a sign that it isn't an integer. */
static void
print_json_real(FILE *stream, double number)
{
	char digits[40];

	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (strtod(digits, NULL) >= number && strtod(digits, NULL) <= number)
			break;
	}
	fprintf(stream, "%s%s", digits, strpbrk(digits, ".e") != NULL ? "" : ".0");
}

static void
print_json_array(FILE *stream, const json_t *array)
{
	putc('[', stream);
	for (size_t i = 0; i < json_array_size(array); i++) {
		fputs(i > 0 ? "," : "", stream);
		output_json(stream, json_array_get(array, i));
	}
	putc(']', stream);
}

static void
print_json_members(FILE *stream, const json_t *object, const char *before)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		fputs(before, stream);
		/* cppcheck-suppress uselessAssignmentPtrArg ; the next turn of the loop uses it */
		before = ",";
		print_json_string(stream, key, strlen(key));
		putc(':', stream);
		output_json(stream, value);
	}
}

void
output_json(FILE *stream, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		print_json_string(stream, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER: fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); break;
	case JSON_REAL: print_json_real(stream, json_real_value(value)); break;
	case JSON_TRUE: fputs("true", stream); break;
	case JSON_FALSE: fputs("false", stream); break;
	case JSON_NULL: fputs("null", stream); break;
	case JSON_ARRAY: print_json_array(stream, value); break;
	case JSON_OBJECT:
		putc('{', stream);
		print_json_members(stream, value, "");
		putc('}', stream);
		break;
	}
}

void
output_json_line(FILE *stream, const json_t *object)
{
	bool has_version = json_object_get(object, "schema_version") != NULL;

	fputs(has_version ? "{" : "{\"schema_version\":1", stream);
	print_json_members(stream, object, has_version ? "" : ",");
	fputs("}\n", stream);
}

/* --- tables --- */

bool
output_is_coloured(FILE *stream)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(stream)) && (no_color == NULL || *no_color == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

struct output_table *
output_table_new(const struct output_column *columns, size_t column_count)
{
	struct output_table *table = output_need(calloc(1, sizeof(*table)));

	*table = (struct output_table){ .columns = columns, .column_count = column_count };
	return table;
}

void
output_table_add(struct output_table *table, const char *const *cells)
{
	size_t first = table->row_count * table->column_count;

	table->cells =
		output_need(reallocarray(table->cells, first + table->column_count, sizeof(*table->cells)));
	for (size_t i = 0; i < table->column_count; i++)
		table->cells[first + i] = output_safe(cells[i] != NULL && *cells[i] != '\0' ? cells[i] : "-");
	table->row_count++;
}

/* Characters, taking each to be as wide as the others: paths and numbers are. */
static size_t
width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static size_t
column_width(const struct output_table *table, size_t column)
{
	size_t width = width_of(table->columns[column].title);

	for (size_t row = 0; row < table->row_count; row++) {
		size_t its_width = width_of(table->cells[row * table->column_count + column]);
		width = its_width > width ? its_width : width;
	}
	return width;
}

static void
print_cell(FILE *stream, const struct output_column *column, const char *text, const char *sgr,
	size_t padding, bool is_last)
{
	if (column->right)
		fprintf(stream, "%*s", (int)padding, "");
	if (sgr != NULL)
		fprintf(stream, "\033[%sm%s\033[0m", sgr, text);
	else
		fputs(text, stream);
	fprintf(stream, "%*s", is_last ? 0 : (int)(GAP + (column->right ? 0 : padding)), "");
}

void
output_table_print(
	const struct output_table *table, FILE *stream, const char *(*style)(size_t column, const char *cell))
{
	bool coloured = output_is_coloured(stream);
	size_t *widths = output_need(calloc(table->column_count, sizeof(*widths)));

	for (size_t column = 0; column < table->column_count; column++)
		widths[column] = column_width(table, column);
	/* One row more than there are: the titles come first. */
	for (size_t row = 0; row <= table->row_count; row++) {
		for (size_t column = 0; column < table->column_count; column++) {
			const char *text = row == 0 ? table->columns[column].title
						    : table->cells[(row - 1) * table->column_count + column];
			const char *sgr = NULL;
			if (coloured)
				sgr = row == 0 ? "1" : style != NULL ? style(column, text) : NULL;
			print_cell(stream, &table->columns[column], text, sgr,
				widths[column] - width_of(text), column + 1 == table->column_count);
		}
		putc('\n', stream);
	}
	free(widths);
}

void
output_table_free(struct output_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->row_count * table->column_count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

/* --- times --- */

const char *
output_duration(int64_t ms, char text[OUTPUT_TIME_BYTES])
{
	int64_t s = ms / 1000;

	if (ms < 1000)
		snprintf(text, OUTPUT_TIME_BYTES, "%dms", ms > 0 ? (int)ms : 0);
	else if (s < 10)
		snprintf(text, OUTPUT_TIME_BYTES, "%d.%ds", (int)s, (int)(ms % 1000 / 100));
	else if (s < 60)
		snprintf(text, OUTPUT_TIME_BYTES, "%ds", (int)s);
	else if (s < 3600)
		snprintf(text, OUTPUT_TIME_BYTES, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(text, OUTPUT_TIME_BYTES, "%dh%02dm", (int)(s / 3600), (int)(s % 3600 / 60));
	else
		snprintf(
			text, OUTPUT_TIME_BYTES, "%jdd%02dh", (intmax_t)(s / 86400), (int)(s % 86400 / 3600));
	return text;
}

const char *
output_time(int64_t ms, char text[OUTPUT_TIME_BYTES])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;
	char day[32];

	if (ms < 0 || localtime_r(&seconds, &local) == NULL ||
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &local) == 0)
		snprintf(text, OUTPUT_TIME_BYTES, "%jd", (intmax_t)ms);
	else
		snprintf(text, OUTPUT_TIME_BYTES, "%s.%03d", day, (int)(ms % 1000));
	return text;
}

/* --- the end --- */

/* Why standard output could not be written, the first time; 0: it could, or nobody knows. */
static int write_error;

bool
output_flush(void)
{
	errno = 0;
	bool whole = fflush(stdout) == 0 && !ferror(stdout);

	if (!whole && write_error == 0)
		write_error = errno;
	return whole;
}

/* It has what it wanted, as `head` has: that is no error to talk about. stdio may have lost the reason of what failed long ago. */
static bool
reader_is_gone(void)
{
	struct pollfd fd = { .fd = fileno(stdout) };

	return write_error == EPIPE ||
	       (write_error == 0 && poll(&fd, 1, 0) == 1 && (fd.revents & (POLLERR | POLLHUP)) != 0);
}

int
output_finish(int code)
{
	bool whole = output_flush(), unread = !whole && reader_is_gone();

	/* Some file systems only say at close() that there was no room. */
	if (fclose(stdout) != 0 && whole) {
		whole = false;
		write_error = errno;
	}
	if (whole)
		return code;
	if (!unread)
		output_error("standard output: %s",
			write_error != 0 ? strerror(write_error) : "it could not be written");
	return code != 0 ? code : 1;
}
