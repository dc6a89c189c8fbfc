/* Reads recorded events and plays them. Everything in a line is hostile until it is typed: sizes and depths are bounded, and a
 * bad line costs a sentence. */
#include "runtime/recorded.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/files.h"

static const char NEITHER[] = "neither a CloudEvent (`specversion`) nor something received (`connector`)";

static void file_split(struct recording *recording, uint32_t file, struct text text, moment first_at, struct arena *scratch);
static enum status line_play(struct recording *recording, struct world *world, const struct recorded *line,
			     const struct json *json, struct arena *scratch, struct played *played,
			     struct error *error) MUST_CHECK;

void recorded_problem_add(struct recording *recording, const struct recorded *line, const char *format, ...)
{
	struct recorded_problem *problem = list_add(recording->arena, &recording->problems);
	struct error sentence;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence.sentence, sizeof sentence.sentence, format, arguments);
	va_end(arguments);
	*problem = (struct recorded_problem){line->file, line->line, text_copy(recording->arena, text_from(sentence.sentence))};
}

/* --- reading */
static int by_time(const void *left, const void *right)
{
	const struct recorded *a = left, *b = right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

enum status recording_read(struct arena *arena, const char *const *paths, uint32_t path_count, moment first_at,
			   struct recording *recording_out, struct error *error)
{
	struct arena scratch;

	*recording_out = (struct recording){.arena = arena, .paths = paths, .path_count = path_count};
	arena_init(&scratch, "a recorded line", RECORDED_MEMORY);
	for (uint32_t i = 0; i < path_count; i++) {
		struct text text;
		enum status status = file_read(arena, paths[i], RECORDED_FILE_MOST, &text, error);
		if (status != OK) {
			arena_release(&scratch);
			return status;
		}
		file_split(recording_out, i, text, first_at, &scratch);
	}
	arena_release(&scratch);
	if (recording_out->lines.count)
		qsort(recording_out->lines.items, recording_out->lines.count, sizeof(struct recorded), by_time);
	return OK;
}

/* NULL after a problem. */
static const struct json *line_parse(struct recording *recording, const struct recorded *line, struct arena *scratch)
{
	const struct json *json;
	struct error error;

	if (line->text.length > RECORDED_LINE_MOST) {
		recorded_problem_add(recording, line, "the line has %u bytes; more than %u are no event", line->text.length,
				     (unsigned)RECORDED_LINE_MOST);
		return NULL;
	}
	if (json_parse(scratch, line->text, &json, &error) != OK) {
		recorded_problem_add(recording, line, "%s", error.sentence);
		return NULL;
	}
	if (json_kind(json) == JSON_OBJECT)
		return json;
	recorded_problem_add(recording, line, "an event is a JSON object");
	return NULL;
}

static bool line_time(struct recording *recording, struct recorded *line, const struct json *json, moment first_at)
{
	bool is_cloud = json_member(json, TEXT("specversion")), is_received = json_member(json, TEXT("connector"));
	const char *name = is_cloud ? "time" : "received_at";
	struct text time = json_member_text(json, name);

	line->at = first_at;
	if (time.length && moment_parse(time, NULL, &line->at) == OK)
		return true;
	if (time.length)
		recorded_problem_add(recording, line, "\"%.*s\" is no time; write it as 2026-03-27T16:45:00Z",
				     (int)(time.length > 60 ? 60 : time.length), time.bytes);
	else if (!is_cloud && !is_received && first_at == INT64_MIN)
		recorded_problem_add(recording, line, "%s", NEITHER);
	else if (first_at == INT64_MIN)
		recorded_problem_add(recording, line, "the event has no `%s`; give one with --at", name);
	return !time.length && first_at != INT64_MIN;
}

/* Only the time is taken here; what the line means is read when its turn comes. */
static void line_add(struct recording *recording, struct recorded line, moment first_at, struct arena *scratch)
{
	jmp_buf jump;

	recording->read++;
	if (arena_guard(scratch, jump)) {
		recorded_problem_add(recording, &line, "the line takes too much memory");
	} else {
		const struct json *json = line_parse(recording, &line, scratch);
		if (json && line_time(recording, &line, json, first_at))
			*list_add(recording->arena, &recording->lines) = line;
	}
	scratch->escape = NULL;
	arena_reset(scratch);
}

static void file_split(struct recording *recording, uint32_t file, struct text text, moment first_at, struct arena *scratch)
{
	uint32_t number = 0, from = 0;

	if (text_starts(text, TEXT("\xef\xbb\xbf")))
		from = 3;
	while (from < text.length) {
		const char *end = memchr(text.bytes + from, '\n', text.length - from);
		uint32_t to = end ? (uint32_t)(end - text.bytes) : text.length;
		struct recorded line = {.file = file, .line = ++number, .text = text_trim(text_slice(text, from, to))};
		from = to + 1;
		if (line.text.length)
			line_add(recording, line, first_at, scratch);
	}
}

/* --- playing */
enum status recorded_play(struct recording *recording, struct world *world, const struct recorded *line,
			  struct played *played_out, struct error *error)
{
	enum status status = world_reach(world, line->at, error);
	struct arena scratch;
	jmp_buf jump;

	*played_out = (struct played){.line = line};
	if (status != OK)
		return status;
	arena_init(&scratch, "a recorded line", RECORDED_MEMORY);
	if (arena_guard(&scratch, jump)) {
		recorded_problem_add(recording, line, "the line takes too much memory");
		arena_release(&scratch);
		return OK;
	}
	const struct json *json = line_parse(recording, line, &scratch);
	if (json)
		status = line_play(recording, world, line, json, &scratch, played_out, error);
	arena_release(&scratch);
	return status;
}

static enum status received_play(struct recording *recording, struct world *world, const struct recorded *line,
				 const struct json *json, struct played *played, struct error *error)
{
	struct text connector = json_member_text(json, "connector"), name = json_member_text(json, "receive");
	const struct json *body = json_member(json, TEXT("body")), *headers = json_member(json, TEXT("headers"));
	const struct receive *receive = program_receive(world_program(world), connector, name);

	if (!receive || !body || (headers && json_kind(headers) != JSON_OBJECT)) {
		if (!connector.length)
			recorded_problem_add(recording, line, "%s", NEITHER);
		else if (!receive)
			recorded_problem_add(recording, line,
					     "no connector `%.*s` receives `%.*s`; give the pack that declares it",
					     TEXT_ARGS(text_slice(connector, 0, connector.length > 60 ? 60 : connector.length)),
					     TEXT_ARGS(text_slice(name, 0, name.length > 60 ? 60 : name.length)));
		else
			recorded_problem_add(recording, line, body ? "`headers` must be an object" : "there is no `body`");
		return OK;
	}
	played->receive = receive;
	return world_receive(world, receive, body, headers, error);
}

static struct record_id cloud_id(const struct event_kind *kind, const struct value *fields, struct text external)
{
	/* the time is not part of it: the same source and id again is the same event */
	return kind->has_key ? event_key_id(kind, fields) : record_id_derive(0, external.bytes, external.length);
}

static enum status cloud_play(struct recording *recording, struct world *world, const struct recorded *line,
			      const struct json *json, struct arena *scratch, struct played *played, struct error *error)
{
	const struct schema *schema = &world_program(world)->schema;
	struct text type = json_member_text(json, "type"), id = json_member_text(json, "id"),
		    source = json_member_text(json, "source");
	const struct event_kind *kind = type.length ? schema_event(schema, type) : NULL;
	const struct json *data = json_member(json, TEXT("data"));
	struct value *fields;
	struct error wrong;

	if (!text_equal(json_member_text(json, "specversion"), TEXT("1.0")) || !id.length || !source.length || !type.length) {
		recorded_problem_add(recording, line,
				     "a CloudEvent has `specversion` \"1.0\" and the texts `id`, `source` and `type`");
		return OK;
	}
	if (!kind || kind->origin != EVENT_DECLARED) {
		struct text shown = text_slice(type, 0, type.length > 80 ? 80 : type.length);
		recorded_problem_add(recording, line,
				     kind ? "`%.*s` is raised by the system itself and can not come from outside"
					  : "no event is called `%.*s`",
				     TEXT_ARGS(shown));
		return OK;
	}
	if (!data || json_kind(data) != JSON_OBJECT) {
		recorded_problem_add(recording, line, "`data` must be an object with the fields of %.*s",
				     TEXT_ARGS(kind->name));
		return OK;
	}
	if (event_from_json(scratch, schema, kind, data, &fields, &wrong) != OK) {
		recorded_problem_add(recording, line, "%s", wrong.sentence);
		return OK;
	}
	struct text external = text_format(scratch, "%.*s %.*s", TEXT_ARGS(source), TEXT_ARGS(id));
	struct event event = {.kind = kind,
			      .id = cloud_id(kind, fields, external),
			      .external_id = external,
			      .fields = fields,
			      .actor = value_missing(),
			      .rule = RULE_NONE};
	played->kind = kind;
	played->id = text_copy(recording->arena, id);
	return world_event(world, &event, error);
}

static enum status line_play(struct recording *recording, struct world *world, const struct recorded *line,
			     const struct json *json, struct arena *scratch, struct played *played, struct error *error)
{
	if (json_member(json, TEXT("specversion")))
		return cloud_play(recording, world, line, json, scratch, played, error);
	return received_play(recording, world, line, json, played, error);
}
