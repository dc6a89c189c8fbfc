/* What a call asks for, as the outbox keeps it until a courier sends it:
 *
 *	{"method":"POST","path":"/users?top=5","headers":["X-Version: 2"],"body":{…}}
 *
 * Knows no base and no secret: who sends it puts them in front. Must never let a value say more than its place in the URL or
 * header allows. */
#include "engine/base/json.h"
#include "engine/base/percent.h"
#include "engine/parts.h"
#include "engine/request.h"

static enum status part_eval(struct context *context, const struct code *code, const struct value *arguments, uint32_t count,
			     struct value *value_out)
{
	struct value *frame = frame_new(context, code);
	for (uint32_t i = 0; i < count; i++)
		frame[i] = arguments[i];
	return eval_run(context, code, frame, value_out);
}

/* A value as a line of text: what JSON would say, without its quotes. */
static struct text plain(struct context *context, struct value value, const struct type *type)
{
	struct text_builder text = {.arena = context->arena};
	struct json_writer writer = {.text = &text};
	if (value.kind == VALUE_TEXT)
		return value_as_text(value);
	if (value.kind == VALUE_DATA && json_kind(value.json) == JSON_TEXT)
		return json_text(value.json);
	value_to_json(&writer, value, type);
	struct text written = builder_text(&text);
	bool quoted = written.length >= 2 && written.bytes[0] == '"';
	return quoted ? text_slice(written, 1, written.length - 1) : written;
}

/* --- the path and its query */
static bool leads_away(struct text piece)
{
	return text_is(piece, ".") || text_is(piece, "..");
}

/* What a server decodes before it resolves the path must not climb either. */
static bool climbs(struct text text)
{
	uint32_t from = 0;
	for (uint32_t i = 0; i <= text.length; i++) {
		if (i < text.length && text.bytes[i] != '/' && text.bytes[i] != '\\')
			continue;
		if (leads_away(text_slice(text, from, i)))
			return true;
		from = i + 1;
	}
	return false;
}

enum status text_encode(struct context *context, struct value value, bool in_path, struct value *result_out)
{
	struct text_builder encoded = {.arena = context->arena};
	struct text text = value.kind == VALUE_MISSING ? TEXT("") : plain(context, value, NULL);
	if (in_path && !text.length)
		return error_set(context->error, INVALID, "what belongs into the path of the request is not set, or empty");
	if (in_path && climbs(text))
		return error_set(context->error, INVALID, "\"%.*s\" would lead the request to another path",
				 text.length < 60 ? (int)text.length : 60, text.bytes);
	percent_encode(&encoded, text);
	*result_out = value_text(builder_text(&encoded));
	return OK;
}

static void query_item(struct context *context, struct text_builder *path, struct text name, struct value value,
		       const struct type *type)
{
	if (value.kind == VALUE_MISSING)
		return;
	if (value.kind == VALUE_LIST) {
		for (uint32_t i = 0; i < value.count; i++)
			query_item(context, path, name, value.items[i], type ? type->element : NULL);
		return;
	}
	bool has_query = text_find((struct text){path->bytes, path->length}, TEXT("?")) >= 0;
	builder_add_char(path, has_query ? '&' : '?');
	percent_encode(path, name);
	builder_add_char(path, '=');
	percent_encode(path, plain(context, value, type));
}

static enum status path_write(struct context *context, const struct request *request, const struct value *arguments,
			      uint32_t count, struct text *path_out)
{
	struct text_builder path = {.arena = context->arena};
	struct value value, items = {0};
	enum status status = part_eval(context, request->path, arguments, count, &value);
	if (status == OK && value.kind != VALUE_TEXT)
		status = error_set(context->error, INVALID, "the path of the request is not set");
	if (status == OK && request->query.code)
		status = part_eval(context, request->query.code, arguments, count, &items);
	if (status != OK)
		return status;
	if (!text_starts(value_as_text(value), TEXT("/"))) /* it stands behind a host */
		builder_add_char(&path, '/');
	builder_add(&path, value_as_text(value));
	for (uint32_t i = 0; i < items.count; i++) {
		const struct record_field *field = &request->query.type->record->fields[i];
		query_item(context, &path, field->name, items.items[i], field->type);
	}
	*path_out = builder_text(&path);
	return OK;
}

/* --- headers and body */
static enum status header_write(struct context *context, struct json_writer *writer, const struct record_field *field,
				struct value value)
{
	struct text text = plain(context, value, field->type);
	for (uint32_t i = 0; i < text.length; i++)
		if ((unsigned char)text.bytes[i] < ' ' || text.bytes[i] == 0x7f)
			return error_set(context->error, INVALID,
					 "the header %.*s would have a line break or another control character",
					 TEXT_ARGS(field->name));
	json_write_text(writer, text_format(context->arena, "%.*s: %.*s", TEXT_ARGS(field->name), TEXT_ARGS(text)));
	return OK;
}

static enum status headers_write(struct context *context, struct json_writer *writer, const struct request_part *headers,
				 const struct value *arguments, uint32_t count)
{
	struct value items;
	enum status status = part_eval(context, headers->code, arguments, count, &items);
	json_write_name(writer, TEXT("headers"));
	json_open_list(writer);
	for (uint32_t i = 0; status == OK && i < items.count; i++)
		if (items.items[i].kind != VALUE_MISSING)
			status = header_write(context, writer, &headers->type->record->fields[i], items.items[i]);
	json_close_list(writer);
	return status;
}

static enum status body_write(struct context *context, struct json_writer *writer, const struct request_part *body,
			      const struct value *arguments, uint32_t count)
{
	struct value value;
	enum status status = part_eval(context, body->code, arguments, count, &value);
	if (status != OK)
		return status;
	json_write_name(writer, TEXT("body"));
	value_to_json(writer, value, body->type);
	return OK;
}

enum status request_write(struct context *context, const struct action *action, const struct value *arguments,
			  struct text *request_out)
{
	const struct request *request = action->request;
	uint32_t count = action->parameter_count;
	struct text_builder text = {.arena = context->arena};
	struct json_writer writer = {.text = &text};
	struct text path;
	enum status status = path_write(context, request, arguments, count, &path);
	if (status != OK)
		return error_within(context->error, "%.*s", TEXT_ARGS(action->name));
	json_open_object(&writer);
	json_write_name(&writer, TEXT("method"));
	json_write_text(&writer, request->method);
	json_write_name(&writer, TEXT("path"));
	json_write_text(&writer, path);
	if (request->headers.code)
		status = headers_write(context, &writer, &request->headers, arguments, count);
	if (status == OK && request->body.code)
		status = body_write(context, &writer, &request->body, arguments, count);
	json_close_object(&writer);
	*request_out = builder_text(&text);
	return status == OK ? OK : error_within(context->error, "%.*s", TEXT_ARGS(action->name));
}

/* --- the answer */
enum status result_type(struct context *context, const struct action *action, struct value answer, struct value *result_out)
{
	*result_out = answer;
	if (answer.kind != VALUE_DATA || !action->result || action->result->kind == TYPE_DATA)
		return OK;
	return value_from_json(context->arena, &context->program->schema, action->result, answer.json, action->name, result_out,
			       context->error);
}

enum status reply_read(struct context *context, const struct action *action, const struct value *arguments, struct value reply,
		       struct value *result_out)
{
	const struct code *code = action->request->result;
	struct value value = reply;
	enum status status = OK;
	if (code) {
		struct value *frame = frame_new(context, code);
		for (uint32_t i = 0; i < action->parameter_count; i++)
			frame[i] = arguments[i];
		frame[action->parameter_count] = reply;
		status = eval_run(context, code, frame, &value);
	}
	return status == OK ? result_type(context, action, value, result_out) : status;
}

struct replying {
	const struct action *action;
	const struct value *arguments;
	struct value reply, result;
};

static enum status reply_work(struct context *context, void *argument)
{
	struct replying *replying = argument;
	return reply_read(context, replying->action, replying->arguments, replying->reply, &replying->result);
}

enum status engine_reply(struct engine *engine, const struct action *action, const struct value *arguments,
			 const struct json *reply, moment now, const struct ports *ports, struct value *result_out,
			 struct error *error)
{
	const struct turn *turn;
	bool is_empty = !reply || json_kind(reply) == JSON_NULL;
	struct value value = is_empty ? value_missing() : (struct value){.kind = VALUE_DATA, .json = reply};
	struct replying replying = {.action = action, .arguments = arguments, .reply = value};
	enum status status =
		turn_run(engine, now, value_missing(), (struct record_id){0}, ports, reply_work, &replying, &turn, error);
	*result_out = replying.result;
	return status;
}
