/* `stellwerk connector try` and `record`: one call of an action, as a turn would plan it, and what comes of it, shown or kept
 * as a test. The service that runs makes it: it has the secrets and keeps the limits. Must never send anything by itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/json.h"
#include "runtime/arguments.h"
#include "runtime/fixture.h"
#include "runtime/operate/wall.h"
#include "runtime/service/outgoing_text.h"
#include "runtime/service/tracing.h"
#include "runtime/store/outbox.h"
#include "runtime/terminal.h"

enum { PATIENCE = 60, LOOK_NANOSECONDS = 50000000 };

struct attempt {
	struct serving serving;
	struct pack pack;
	struct engine *engine;
	struct ports ports;
	const struct test_item *act; /* the call with its arguments */
	const struct action *action;
	struct value *arguments; /* as the turn came to them */
	struct call call;
	struct value result;
	bool has_result;
	const char *to; /* the file of `record`; NULL: it is only tried */
};

static int attempt_prepare(struct attempt *attempt);
static int attempt_make(struct attempt *attempt);
static int attempt_show(struct attempt *attempt);
static int attempt_record(struct attempt *attempt);

static bool verb_read(const struct command_line *line, struct attempt *attempt)
{
	struct text verb = text_from(line->words[0]);

	attempt->to = option_value(line, "to");
	return text_is(verb, attempt->to ? "record" : "try");
}

int cmd_connector(const struct command_line *line)
{
	struct attempt attempt = {0};
	struct error ignored;

	if (line->word_count > 2)
		return usage_error(line, "`%s` is one word too many: the packs are those that the tenant runs", line->words[2]);
	if (line->word_count != 2 || !verb_read(line, &attempt))
		return usage_error(line,
				   "which action? `stellwerk connector try CONNECTOR.ACTION`, or `record` with --to FILE");
	int code = serving_open(&attempt.serving, line);
	if (code != EXIT_FINE)
		return code;
	if (engine_open(&attempt.engine) != OK) {
		error_set(&ignored, LIMIT, "there is no memory for an engine");
		code = world_error(&ignored);
	}
	if (code == EXIT_FINE)
		code = attempt_prepare(&attempt);
	if (code == EXIT_FINE)
		code = attempt_make(&attempt);
	if (code == EXIT_FINE)
		code = attempt_show(&attempt);
	if (code == EXIT_FINE && attempt.to)
		code = attempt_record(&attempt);
	engine_close(attempt.engine);
	store_forget_programs(attempt.serving.store);
	pack_close(&attempt.pack);
	serving_close(&attempt.serving);
	return code;
}

/* --- whose packs, and what the line says */
static int attempt_prepare(struct attempt *attempt)
{
	struct serving *serving = &attempt->serving;
	const char *name = option_value(serving->line, "tenant");
	struct tenant tenant;
	hash_list packs;
	enum status status =
		tenant_find(serving->store, serving->line->arena, text_from(name ? name : "default"), &tenant, &serving->error);

	if (status == OK)
		status = stack_of_tenant(serving->store, serving->line->arena, &tenant, &packs, &serving->error);
	if (status != OK)
		return world_error(&serving->error);
	attempt->call.tenant = tenant.number;
	int code = line_arguments(serving, &packs, &ARGUMENTS_OF_ACTION, text_from(serving->line->words[1]), &attempt->pack,
				  &attempt->act);
	if (code != EXIT_FINE)
		return code;
	store_use_program(serving->store, attempt->pack.program);
	store_use_tenant(serving->store, tenant.number);
	store_ports(serving->store, &attempt->ports);
	status = engine_use_pack(attempt->engine, attempt->pack.program, &serving->error);
	return status == OK ? EXIT_FINE : world_error(&serving->error);
}

/* --- the call */
static enum status call_plan(struct attempt *attempt)
{
	struct serving *serving = &attempt->serving;
	struct arena *arena = serving->line->arena;
	const struct code *code = attempt->act->code;
	struct value *frame = arena_array(arena, struct value, code->slot_count + 1);
	const struct turn *turn;
	moment now = wall_now();
	enum status status = engine_act(attempt->engine, code, frame, code->slot_count, value_missing(), now, &attempt->ports,
					&turn, &serving->error);

	if (status != OK)
		return status;
	if (turn->plan.outgoing.count != 1)
		return error_set(&serving->error, INVALID, "this is not one call of an action");
	const struct outgoing *outgoing = &turn->plan.outgoing.items[0];
	const struct {
		int64_t at;
		struct record_id id;
	} seed = {wall_milliseconds(), outgoing->id}; /* the same once more is another call */
	struct value arguments = {.kind = VALUE_RECORD, .count = outgoing->argument_count, .items = outgoing->arguments};
	struct entry entry = {.id = outgoing->id};
	attempt->action = outgoing->action;
	attempt->arguments = (struct value *)(uintptr_t)value_copy(arena, arguments).items;
	attempt->call = (struct call){.tenant = attempt->call.tenant,
				      .id = record_id_derive(now, &seed, sizeof seed),
				      .state = CALL_DUE,
				      .connector = outgoing->action->connector->name,
				      .action = outgoing->action->name,
				      .arguments = outgoing_text(arena, outgoing),
				      .request = text_copy(arena, outgoing->request),
				      .repeatable = outgoing->action->repeatable,
				      .made_at = now,
				      .due_at = now};
	attempt->call.traceparent = call_traceparent(arena, &entry, attempt->call.id);
	return OK;
}

static enum status call_keep(struct attempt *attempt)
{
	struct serving *serving = &attempt->serving;
	enum status status = call_plan(attempt);

	if (status == OK)
		status = call_add(serving->store, &attempt->call, &serving->error);
	return status == OK ? serving_note(serving, attempt->call.tenant, attempt->call.id, "call.tried", TEXT("")) : status;
}

static bool is_over(const struct call *call)
{
	return call->state != CALL_SENT && (call->state != CALL_DUE || call->attempts);
}

/* What nobody has taken up is not sent some day when nobody looks any more. */
static enum status call_withdraw(struct attempt *attempt)
{
	struct serving *serving = &attempt->serving;
	struct call call = attempt->call;
	enum status status = store_begin(serving->store, &serving->error);

	if (status != OK)
		return status;
	call.state = CALL_FAILED;
	call.sentence = TEXT("it was to be tried, and no service took it up");
	status = call_change(serving->store, &call, CALL_DUE, 0, &serving->error);
	if (status == OK)
		attempt->call = call;
	return store_end(serving->store, status == CONFLICT ? OK : status, &serving->error);
}

static int attempt_make(struct attempt *attempt)
{
	static const struct timespec LOOK = {.tv_nsec = LOOK_NANOSECONDS};
	struct serving *serving = &attempt->serving;
	moment until = wall_now() + PATIENCE;

	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	int code = serving_settle(serving, call_keep(attempt));
	if (code != EXIT_FINE)
		return code;
	enum status status = OK;
	while (status == OK && !is_over(&attempt->call) && wall_now() < until) {
		nanosleep(&LOOK, NULL);
		status = call_find(serving->store, serving->line->arena, attempt->call.tenant, attempt->call.id, &attempt->call,
				   &serving->error);
	}
	if (status == OK && attempt->call.state == CALL_DUE && !attempt->call.attempts)
		status = call_withdraw(attempt);
	return status == OK ? EXIT_FINE : world_error(&serving->error);
}

/* --- what came of it */
static const struct json *document(struct attempt *attempt, struct text text)
{
	const struct json *json;
	struct error ignored;

	return text.length && json_parse(attempt->serving.line->arena, text, &json, &ignored) == OK ? json : NULL;
}

static enum status result_read(struct attempt *attempt, const struct json *answer)
{
	const struct json *reply = answer ? json_member(answer, TEXT("reply")) : NULL;
	struct serving *serving = &attempt->serving;

	attempt->has_result = reply && attempt->action->result;
	if (!attempt->has_result)
		return OK; /* nothing, or a bridge has answered */
	enum status status = store_begin_reading(serving->store, &serving->error);
	if (status != OK)
		return status;
	status = engine_reply(attempt->engine, attempt->action, attempt->arguments, reply, attempt->call.made_at,
			      &attempt->ports, &attempt->result, &serving->error);
	store_rollback(serving->store);
	return status;
}

static struct text result_text(struct attempt *attempt)
{
	struct text_builder text = {.arena = attempt->serving.line->arena};
	struct json_writer writer = {.text = &text};

	value_to_json(&writer, attempt->result, attempt->action->result);
	return builder_text(&text);
}

static struct text document_text(struct attempt *attempt, const struct json *json)
{
	struct text_builder text = {.arena = attempt->serving.line->arena};
	struct json_writer writer = {.text = &text};

	json_write_document(&writer, json);
	return builder_text(&text);
}

static void line_print(const char *title, struct text text)
{
	styled(stdout, STYLE_DIM, "%-9s ", title);
	print_safe(stdout, text);
	putchar('\n');
}

static void request_print(struct attempt *attempt, const struct json *request)
{
	struct arena *arena = attempt->serving.line->arena;
	const struct json *headers = json_member(request, TEXT("headers")), *body = json_member(request, TEXT("body"));
	struct text method = json_member_text(request, "method"), path = json_member_text(request, "path");

	line_print("asked", text_format(arena, "%.*s %.*s", TEXT_ARGS(method), TEXT_ARGS(path)));
	for (const struct json *each = headers ? json_first(headers) : NULL; each; each = json_next(each))
		line_print("", json_text(each));
	if (body)
		line_print("", document_text(attempt, body));
}

static void all_print(struct attempt *attempt, const struct json *request, const struct json *answer)
{
	const struct json *reply = answer ? json_member(answer, TEXT("reply")) : NULL;

	request_print(attempt, request);
	line_print(call_state_name(attempt->call.state), reply ? document_text(attempt, reply) : attempt->call.sentence);
	if (attempt->has_result)
		line_print("result", result_text(attempt));
}

static void all_json(struct attempt *attempt, const struct json *request, const struct json *answer)
{
	struct text_builder text = {.arena = attempt->serving.line->arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	const struct json *reply = answer ? json_member(answer, TEXT("reply")) : NULL;
	char id[RECORD_ID_TEXT + 1];

	record_id_write(attempt->call.id, id);
	json_open_object(&writer);
	json_write_member(&writer, "id", text_from(id));
	json_write_member(&writer, "action", attempt->call.action);
	json_write_name(&writer, TEXT("request"));
	json_write_document(&writer, request);
	json_write_member(&writer, "state", text_from(call_state_name(attempt->call.state)));
	json_write_member(&writer, "sentence", attempt->call.sentence);
	if (reply) {
		json_write_name(&writer, TEXT("reply"));
		json_write_document(&writer, reply);
	}
	if (attempt->has_result) {
		json_write_name(&writer, TEXT("result"));
		value_to_json(&writer, attempt->result, attempt->action->result);
	}
	json_close_object(&writer);
	puts(builder_text(&text).bytes);
}

static int attempt_show(struct attempt *attempt)
{
	const struct json *request = document(attempt, attempt->call.request),
			  *answer = document(attempt, attempt->call.answer);
	enum status status = result_read(attempt, answer);

	if (status != OK) /* what came back is not what the action promises */
		attempt->call.sentence = text_copy(attempt->serving.line->arena, text_from(attempt->serving.error.sentence));
	attempt->has_result = attempt->has_result && status == OK;
	(attempt->serving.line->json ? all_json : all_print)(attempt, request, answer);
	if (status != OK && !attempt->serving.line->json)
		line_print("but", attempt->call.sentence);
	return status == OK && attempt->call.state == CALL_ANSWERED ? EXIT_FINE : EXIT_FINDINGS;
}

/* --- kept as a test */
static int file_make(const char *path, struct text content)
{
	struct error error;
	FILE *file = fopen(path, "wx"); /* what is there stays */
	bool written = file && fwrite(content.bytes, 1, content.length, file) == content.length;

	if (file && (fclose(file) || !written)) {
		remove(path);
		written = false;
	}
	if (written)
		return EXIT_FINE;
	error_set(&error, NOT_FOUND, "%s can not be made: %s", path, strerror(errno));
	world_error(&error);
	return EXIT_UNREADABLE;
}

static int attempt_record(struct attempt *attempt)
{
	struct serving *serving = &attempt->serving;
	const struct json *request = document(attempt, attempt->call.request);
	struct text method = json_member_text(request, "method"), path = json_member_text(request, "path"), flow;
	struct fixture fixture = {.action = attempt->action,
				  .arguments = attempt->arguments,
				  .result = attempt->result,
				  .request = text_format(serving->line->arena, "%.*s %.*s", TEXT_ARGS(method), TEXT_ARGS(path)),
				  .at = attempt->call.made_at};

	if (fixture_write(serving->line->arena, &fixture, &flow, &serving->error) != OK)
		return world_error(&serving->error);
	return file_make(attempt->to, flow);
}
