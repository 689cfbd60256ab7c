/*
 * unwound.c: checks the unwinder's answer, key by key: only what is known, of the right type and no longer than it may be comes into a report. And tells which of the frames is the one to look
 * at first. No I/O.
 */
#include "unwound.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX_BYTES 4096 /* of a path as of anything else, escaped or not */

/* What a frame has; the order is the report's. */
static const struct part {
	const char *key;
	json_type type;
} parts[] = {
	{ "address", JSON_STRING },
	{ "function", JSON_STRING },
	{ "offset", JSON_STRING },
	{ "file", JSON_STRING },
	{ "line", JSON_INTEGER },
	{ "inlined", JSON_TRUE }, /* or false */
	{ "module", JSON_STRING },
	{ "module_offset", JSON_STRING },
	{ "build_id", JSON_STRING },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool
is_good(const json_t *value, json_type type)
{
	if (json_is_string(value) && json_string_length(value) > TEXT_MAX_BYTES)
		return false;
	return json_is_null(value) || json_typeof(value) == type ||
	       (type == JSON_TRUE && json_is_false(value));
}

/* A frame with no more than it should have; NULL: it is none, or there is no memory. */
static json_t *
take_frame(const json_t *said)
{
	json_t *frame = json_is_object(said) ? json_object() : NULL;

	for (size_t i = 0; frame && i < PARTS; i++) {
		json_t *value = json_object_get(said, parts[i].key);
		if (value &&
			(!is_good(value, parts[i].type) || json_object_set(frame, parts[i].key, value) < 0)) {
			json_decref(frame);
			return NULL;
		}
	}
	return frame;
}

static json_t *
take_frames(const json_t *said)
{
	json_t *frames =
		json_is_array(said) && json_array_size(said) <= UNWOUND_FRAMES_MAX ? json_array() : NULL;

	for (size_t i = 0; frames && i < json_array_size(said); i++)
		if (json_array_append_new(frames, take_frame(json_array_get(said, i))) < 0) {
			json_decref(frames);
			return NULL;
		}
	return frames;
}

tractor_err
unwound_take(json_t *report, const char *answer, size_t length)
{
	json_t *said = json_loadb(answer, length, JSON_REJECT_DUPLICATES, NULL);
	json_t *stopped = json_object_get(said, "stopped");
	json_t *frames = take_frames(json_object_get(said, "backtrace"));
	tractor_err err = frames && stopped && is_good(stopped, JSON_STRING) ? TRACTOR_OK : TRACTOR_EBADMSG;

	if (err == TRACTOR_OK && (json_object_set(report, "backtrace", frames) < 0 ||
					 json_object_set(report, "backtrace_stopped", stopped) < 0))
		err = TRACTOR_ENOMEM;
	json_decref(frames);
	json_decref(said);
	return err;
}

/* --- the one to look at first --- */

/* The ways from a call that ends the process to the end: the C library's where it is linked statically, and ours. "x*": begins so. */
static const char *const ways_out[] = { "abort", "raise", "gsignal", "pthread_kill*", "__pthread_kill*",
	"tgkill", "exit", "_exit", "__run_exit_handlers", "on_exit_called", "end_by_panic", "malloc_printerr",
	"__libc_message*", "__assert_fail*", "_int_free*", "free", "cfree", "__libc_free", "realloc", "tri_*",
	"tractor_*" };

static bool
leads_out(const char *function)
{
	static const char handler[] = "tri_handle_"; /* a handler's first frame; or all of it, inlined */

	if (strncmp(function, handler, sizeof(handler) - 1) == 0)
		return false;
	for (size_t i = 0; i < sizeof(ways_out) / sizeof(ways_out[0]); i++) {
		size_t length = strlen(ways_out[i]);
		bool begins = ways_out[i][length - 1] == '*';
		if (begins ? strncmp(function, ways_out[i], length - 1) == 0
			   : strcmp(function, ways_out[i]) == 0)
			return true;
	}
	return false;
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *
text_of(const json_t *frame, const char *key)
{
	const char *text = json_string_value(json_object_get(frame, key));

	return text ? text : "";
}

/* What is in no file is where a wild call ended. */
static bool
is_way_out(const json_t *frame)
{
	static const char c_library[] = "libc.so", actor_library[] = "libtractor-actor.so";
	const char *module = last_part(text_of(frame, "module"));

	return *module == '\0' || strncmp(module, c_library, sizeof(c_library) - 1) == 0 ||
	       strncmp(module, actor_library, sizeof(actor_library) - 1) == 0 ||
	       leads_out(text_of(frame, "function"));
}

size_t
unwound_top_index(const json_t *report)
{
	const json_t *frames = json_object_get(report, "backtrace");

	for (size_t i = 0; i < json_array_size(frames); i++)
		if (!is_way_out(json_array_get(frames, i)))
			return i;
	return 0;
}

const char *
unwound_top(const json_t *report, char text[UNWOUND_TOP_BYTES])
{
	const json_t *frame = json_array_get(json_object_get(report, "backtrace"), unwound_top_index(report));
	const char *function = text_of(frame, "function"), *file = last_part(text_of(frame, "file")),
		   *module = last_part(text_of(frame, "module")), *offset = text_of(frame, "module_offset");
	if (*function && *file)
		snprintf(text, UNWOUND_TOP_BYTES, "%.200s at %.200s:%d", function, file,
			(int)json_integer_value(json_object_get(frame, "line")));
	else if (*function)
		snprintf(text, UNWOUND_TOP_BYTES, "%.200s in %.200s", function, module);
	else if (*module)
		snprintf(text, UNWOUND_TOP_BYTES, "%.200s+%.40s", module, offset);
	else
		snprintf(text, UNWOUND_TOP_BYTES, "%.40s", text_of(frame, "address"));
	return text;
}
