/*
 * treereport.c: the report of everything that is wrong with a tree file: ordered by position, bounded, ready to be printed.
 *
 * It knows nothing of trees or YAML. Out of memory it drops the error at hand and sets the report's `out_of_memory`, which the
 * reader turns into TRACTOR_ENOMEM.
 */
#include "treereport.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int
position_compare(const struct treefile_error *a, const struct treefile_error *b)
{
	return a->line != b->line ? a->line - b->line : a->column - b->column;
}

/*
 * One line on the operator's terminal, whatever names and paths went into it: no control characters, neither ASCII's nor
 * the eight-bit ones (which are C2 80 to C2 9F in UTF-8, and which terminals obey).
 */
static void
make_printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
		else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
			c[0] = c[1] = '?';
	}
}

/* Makes room for one more. True: there is room in errors[count]. */
static bool
make_room(struct treefile_report *report)
{
	if (report->errors == NULL)
		report->errors = calloc(TREEFILE_ERRORS_MAX, sizeof(report->errors[0]));
	if (report->errors == NULL)
		return false;
	if (report->count == TREEFILE_ERRORS_MAX) {
		free(report->errors[--report->count].text);
		report->more++;
	}
	return true;
}

/* Takes error.text over. */
static void
insert(struct treefile_report *report, struct treefile_error error)
{
	size_t at = report->count;

	while (at > 0 && position_compare(&report->errors[at - 1], &error) > 0)
		at--;
	for (size_t i = at; i > 0 && position_compare(&report->errors[i - 1], &error) == 0; i--) {
		if (strcmp(report->errors[i - 1].text, error.text) == 0) {
			free(error.text);
			return;
		}
	}
	if (at == TREEFILE_ERRORS_MAX) { /* the list is full, with earlier ones */
		report->more++;
		free(error.text);
		return;
	}
	if (!make_room(report)) {
		report->out_of_memory = true;
		free(error.text);
		return;
	}
	memmove(&report->errors[at + 1], &report->errors[at],
		(report->count - at) * sizeof(report->errors[0]));
	report->errors[at] = error;
	report->count++;
}

void
treereport_add(struct treefile_report *report, int line, int column, const char *format, ...)
{
	struct treefile_error error = { .line = line, .column = column };
	va_list args;

	va_start(args, format);
	int length = vasprintf(&error.text, format, args);
	va_end(args);
	if (length < 0) {
		report->out_of_memory = true;
		return;
	}
	make_printable(error.text);
	insert(report, error);
}

void
treefile_report_print(const struct treefile_report *report, const char *name, FILE *stream)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct treefile_error *error = &report->errors[i];
		if (error->line > 0)
			fprintf(stream, "%s:%d:%d: %s\n", name, error->line, error->column, error->text);
		else
			fprintf(stream, "%s: %s\n", name, error->text);
	}
	if (report->more > 0)
		fprintf(stream, "%s: and %zu more; correct these first\n", name, report->more);
}

void
treefile_report_free(struct treefile_report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->count; i++)
		free(report->errors[i].text);
	free(report->errors);
	*report = (struct treefile_report){ 0 };
}
