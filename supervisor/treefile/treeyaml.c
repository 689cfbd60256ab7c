/*
 * treeyaml.c: a YAML document out of a text, bounded, and libyaml's errors in words that help somebody who writes a tree file.
 *
 * It knows nothing of what the document should be. The document is only made after its events have been counted, because libyaml
 * itself bounds neither the size of a document nor the number of its anchors, and looks each of these up in a list.
 * What goes wrong ends in the report.
 */
#include "treeyaml.h"

#include <stdbool.h>
#include <string.h>

#include "treereport.h"

struct source {
	const unsigned char *text;
	size_t length;
	struct treefile_report *report;
};

/* What the events of a document come to. */
struct tally {
	size_t values, anchors, nesting, documents;
};

/* What libyaml says (the beginning of it), and what it means for somebody who writes a tree file. */
static const struct hint {
	const char *problem;
	const char *advice;
} hints[] = {
	{ "mapping values are not allowed",
		"check the indentation, and put a text with \": \" in it in quotes" },
	{ "block sequence entries are not allowed", "put \"- \" at the beginning of a line of its own" },
	{ "mapping keys are not allowed", "check the indentation" },
	{ "could not find expected ':'", "write each key as \"key: value\", with a blank after the colon" },
	{ "did not find expected key", "line it up with the keys above it, and check quotes and brackets" },
	{ "did not find expected '-'", "line it up with the \"- \" of the list above it" },
	{ "did not find expected ',' or ']'", "close the [ with ], and put commas between" },
	{ "did not find expected ',' or '}'", "close the { with }, and put commas between" },
	{ "did not find expected node content", "put a value here" },
	{ "did not find expected <document start>", "a tree file is one mapping; check the indentation" },
	{ "did not find expected alphabetic", "put a text that begins with & or * in quotes" },
	{ "found undefined alias", "name it earlier by &name, or put a text that begins with * in quotes" },
	{ "second occurrence", "give each anchor (&name) a name of its own" },
	{ "found unexpected end of stream", "close the quotes" },
	{ "found unexpected document indicator", "close the quotes" },
	{ "found unknown escape character", "write \\\\ for a backslash, or use single quotes" },
	{ "found a tab character", "use blanks" },
	{ "control characters are not allowed", "this is no text; is it the right file?" },
	{ "invalid", "save the file as UTF-8" },
	{ "incomplete", "save the file as UTF-8" },
};

static const char *
advice_for(const char *problem)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strncmp(problem, hints[i].problem, strlen(hints[i].problem)) == 0)
			return hints[i].advice;
	return "correct the YAML here";
}

/* The position of a byte: columns are counted in characters, as libyaml does. */
static yaml_mark_t
mark_of(const struct source *source, size_t offset)
{
	yaml_mark_t mark = { .index = offset };

	for (size_t i = 0; i < offset && i < source->length; i++) {
		if (source->text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if ((source->text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

/* The byte at a position, NUL at the end. */
static unsigned char
byte_at(const struct source *source, yaml_mark_t mark)
{
	size_t line = 0, column = 0;

	for (size_t i = 0; i < source->length; i++) {
		if (line == mark.line && column == mark.column && (source->text[i] & 0xc0) != 0x80)
			return source->text[i];
		if (source->text[i] == '\n') {
			line++;
			column = 0;
		} else if ((source->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return '\0';
}

static void
complain_at(const struct source *source, yaml_mark_t mark, const char *text)
{
	treereport_add(source->report, (int)mark.line + 1, (int)mark.column + 1, "%s", text);
}

/* "found character that cannot start any token" is the one message that hides its cause: nearly always a tab. */
static void
complain_of_character(const struct source *source, yaml_mark_t mark)
{
	unsigned char c = byte_at(source, mark);

	if (c == '\t')
		complain_at(source, mark, "a tab stands here, and YAML indents with blanks only; use blanks");
	else
		treereport_add(source->report, (int)mark.line + 1, (int)mark.column + 1,
			"a value can't begin with %c; put the text in quotes", c);
}

/* What libyaml found, in our words. */
static void
complain_of_yaml(const struct source *source, const yaml_parser_t *parser)
{
	const char *problem = parser->problem;
	yaml_mark_t mark = parser->problem_mark;

	/* an error without a problem is memory too: the loader forgets to say so */
	if (parser->error == YAML_MEMORY_ERROR || problem == NULL) {
		source->report->out_of_memory = true;
		return;
	}
	if (parser->error == YAML_READER_ERROR)
		mark = mark_of(source, parser->problem_offset);
	if (strncmp(problem, "found character that cannot start", 33) == 0)
		complain_of_character(source, mark);
	else if (parser->context != NULL && parser->context_mark.line != mark.line)
		treereport_add(source->report, (int)mark.line + 1, (int)mark.column + 1,
			"YAML: %s, %s from line %zu on; %s", problem, parser->context,
			parser->context_mark.line + 1, advice_for(problem));
	else
		treereport_add(source->report, (int)mark.line + 1, (int)mark.column + 1, "YAML: %s; %s",
			problem, advice_for(problem));
}

static bool
has_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT: return event->data.scalar.anchor != NULL;
	case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.anchor != NULL;
	case YAML_MAPPING_START_EVENT: return event->data.mapping_start.anchor != NULL;
	default: return false;
	}
}

static void
count_event(const yaml_event_t *event, struct tally *tally)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT: tally->documents++; break;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		tally->values++;
		tally->nesting++;
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: tally->nesting--; break;
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT: tally->values++; break;
	default: break;
	}
	tally->anchors += has_anchor(event);
}

/* NULL, or which limit is passed. */
static const char *
limit_passed(const struct tally *tally)
{
	if (tally->values > TREEFILE_VALUES_MAX)
		return "too many values (over 200000); make the file smaller";
	if (tally->anchors > TREEFILE_ANCHORS_MAX)
		return "too many anchors (over 256); use fewer";
	if (tally->nesting > TREEFILE_NESTING_MAX)
		return "nested deeper than any tree may be; check the brackets";
	return NULL;
}

/* One event into the tally. False: no more events are wanted; *ret_ok is whether the first document may be made. */
static bool
scan_event(const struct source *source, yaml_parser_t *parser, struct tally *tally, bool *ret_ok)
{
	yaml_event_t event;

	*ret_ok = false;
	if (!yaml_parser_parse(parser, &event)) {
		complain_of_yaml(source, parser);
		return false;
	}
	count_event(&event, tally);
	bool more = event.type != YAML_STREAM_END_EVENT;
	const char *passed = limit_passed(tally);
	if (passed != NULL) {
		complain_at(source, event.start_mark, passed);
		more = false;
	} else if (tally->documents > 1) {
		complain_at(source, event.start_mark,
			"a second document begins here, and a tree file is one; remove the \"---\", or make it two files");
		*ret_ok = true;
		more = false;
	} else {
		*ret_ok = true;
	}
	yaml_event_delete(&event);
	return more;
}

/* A parser at the beginning of the source. False: no memory. */
static bool
open_parser(const struct source *source, yaml_parser_t *parser)
{
	if (!yaml_parser_initialize(parser)) {
		source->report->out_of_memory = true;
		return false;
	}
	yaml_parser_set_input_string(parser, source->text, source->length);
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	return true;
}

/* Counts the events, in time that grows with the length only. True: a document can be made of the source. */
static bool
scan(const struct source *source)
{
	struct tally tally = { 0 };
	yaml_parser_t parser;
	bool ok;

	if (!open_parser(source, &parser))
		return false;
	while (scan_event(source, &parser, &tally, &ok))
		;
	yaml_parser_delete(&parser);
	return ok;
}

/* A mark of the byte order means nothing in UTF-8, but editors write it. */
static void
skip_byte_order_mark(struct source *source)
{
	if (source->length >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0) {
		source->text += 3;
		source->length -= 3;
	}
}

tractor_err
treeyaml_load(const char *text, size_t length, struct treefile_report *report, yaml_document_t *ret_document)
{
	struct source source = {
		.text = (const unsigned char *)(text != NULL ? text : ""), .length = length, .report = report
	};
	yaml_parser_t parser;

	skip_byte_order_mark(&source);
	if (!scan(&source) || !open_parser(&source, &parser))
		return report->out_of_memory ? TRACTOR_ENOMEM : TRACTOR_EINVAL;
	bool ok = yaml_parser_load(&parser, ret_document);
	if (!ok)
		complain_of_yaml(&source, &parser);
	yaml_parser_delete(&parser);
	return ok ? TRACTOR_OK : report->out_of_memory ? TRACTOR_ENOMEM : TRACTOR_EINVAL;
}
