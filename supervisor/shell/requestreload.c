/*
 * requestreload.c: the command's reload: what is wrong with the file, with its places; else what changes, at once, and when all of it has come about, what did not start. A client that hangs up
 * doesn't stop it.
 */
#include "requests.h"
#include "treefile.h"
#include "why.h"

/* --- the file --- */

static json_t *
errors_json(const struct treefile_report *report)
{
	json_t *errors = json_array();

	for (size_t i = 0; errors && i < report->count; i++)
		json_array_append_new(
			errors, json_pack("{s:i, s:i, s:s}", "line", report->errors[i].line, "column",
					report->errors[i].column, "text", report->errors[i].text));
	return errors;
}

static void
answer_bad_file(struct control_request *request, const char *file, const struct treefile_report *report)
{
	size_t count = report->count + report->more;

	control_data(request, json_pack("{s:i, s:b, s:s, s:o, s:I}", "schema_version", 1, "ok", 0, "file",
				      file, "errors", errors_json(report), "more", (json_int_t)report->more));
	control_end(request, CONTROL_BAD_FILE, "%s has %zu error%s; nothing was changed", file, count,
		count == 1 ? "" : "s");
}

/* NULL: the request has been answered. */
static struct spec *
read_file(struct control_request *request, const char *file)
{
	struct treefile_report report;
	struct spec *spec = NULL;
	tractor_err err = treefile_load(file, &report, &spec);

	if (err == TRACTOR_ENOMEM)
		control_end(request, CONTROL_FAILED, "out of memory; nothing was changed");
	else if (err != TRACTOR_OK)
		answer_bad_file(request, file, &report);
	treefile_report_free(&report);
	return spec;
}

/* --- what it does --- */

static void
answer_plan(struct tractor_runtime *runtime, struct control_request *request, bool dry_run)
{
	const struct tree_plan *plan = &runtime->reloading.plan;
	json_t *changes = json_array();

	for (size_t i = 0; changes && i < plan->count; i++) {
		const struct tree_change *change = &plan->changes[i];
		json_array_append_new(changes,
			json_pack("{s:s, s:s, s:s, s:s}", "change", tree_change_name(change->kind), "kind",
				spec_kind_name(change->node), "path", change->path, "what", change->what));
	}
	control_data(request, json_pack("{s:i, s:s, s:b, s:o}", "schema_version", 1, "file",
				      runtime->reloading.file, "dry_run", dry_run, "changes", changes));
}

static void
client_gone(struct control_request *request)
{
	struct tractor_runtime *runtime = request->own;

	runtime->reloading.done = NULL;
}

static void
answer_end(struct tractor_runtime *runtime)
{
	struct control_request *request = runtime->reloading.arg;
	const struct tree_plan *plan = &runtime->reloading.plan;
	size_t failed = 0;

	request->gone = NULL;
	for (size_t i = 0; i < plan->count; i++) {
		const char *failure = reloading_failure(runtime, i);
		if (!*failure)
			continue;
		failed++;
		control_data(request, json_pack("{s:i, s:s, s:s}", "schema_version", 1, "path",
					      plan->changes[i].path, "failure", failure));
	}
	if (runtime->closing)
		control_end(request, CONTROL_FAILED, "the tree was stopped meanwhile");
	else if (failed > 0)
		control_end(request, CONTROL_FAILED,
			"%zu of them did not start and %s stopped; the rest is as the file says", failed,
			failed == 1 ? "is" : "are");
	else
		control_end(request, CONTROL_DONE, NULL);
}

void
requestreload(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	bool dry_run = json_is_true(json_object_get(body, "dry_run"));
	const char *file = runtime->reloading.file;

	if (!file) {
		control_end(request, CONTROL_FAILED,
			"this tree was made by a program, not from a file; the program can reload it");
		return;
	}
	struct spec *spec = read_file(request, file);
	if (!spec)
		return;
	tractor_err err = reloading_begin(runtime, spec, dry_run);
	if (err != TRACTOR_OK) {
		control_end(request, err == TRACTOR_EINVAL ? CONTROL_BAD_FILE : CONTROL_FAILED,
			"%s; nothing was changed", tractor_why());
		return;
	}
	answer_plan(runtime, request, dry_run);
	if (dry_run) {
		reloading_end(runtime);
		control_end(request, CONTROL_DONE, NULL);
		return;
	}
	request->own = runtime;
	request->gone = client_gone;
	runtime->reloading.arg = request;
	runtime->reloading.done = answer_end;
}
