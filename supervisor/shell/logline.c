/* logline.c: a line of a log as JSON, without memory of its own. It is written here and read by whoever has a JSON parser. Nothing here can fail. */
#include "logline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "visible.h"

const char *
logline_stream_name(enum logline_stream stream)
{
	switch (stream) {
#define NAME_CASE(constant, word) \
	case constant: return word;
		LOGLINE_STREAMS(NAME_CASE)
#undef NAME_CASE
	}
	return "?";
}

size_t
logline_format(const struct logline *line, char ret_record[LOGLINE_RECORD_BYTES])
{
	static const char before_text[] = ",\"text\":\"", end[] = "\"}\n";
	/* Names of nodes have nothing that JSON would want to have escaped. */
	size_t length = (size_t)snprintf(ret_record, LOGLINE_RECORD_BYTES,
		"{\"schema_version\":1,\"time\":%" PRId64
		",\"stream\":\"%s\",\"path\":\"%.*s\",\"incarnation\":%" PRIu32 ",\"run\":%" PRId64
		",\"number\":%" PRIu64 "%s",
		line->time_ms, logline_stream_name(line->stream), SPEC_PATH_MAX, line->path,
		line->incarnation, line->run, line->number, before_text);

	length += visible_copy(
		visible_json, line->text, line->length, ret_record + length, LOGLINE_RECORD_BYTES - length);
	memcpy(ret_record + length, end, sizeof(end));
	return length + sizeof(end) - 1;
}
