/* Where instances of workflows are kept: rows of system entities, found by id, by what they wait for, or by their arguments.
 * Must never interpret a step. Why a row: docs/decisions/0011 */
#include "engine/workflow.h"

#include <inttypes.h>

#include "engine/base/check.h"
#include "engine/request.h"

struct text id_text(struct context *context, struct record_id id)
{
	char buffer[RECORD_ID_TEXT + 1];
	record_id_write(id, buffer);
	return text_copy(context->arena, text_from(buffer));
}

/* Found by equality of this text; what it is made of is compared afterwards. */
static struct text arguments_text(struct context *context, const struct workflow *workflow, const struct value *arguments)
{
	uint64_t hash = text_hash(workflow->name);
	for (uint32_t i = 0; i < workflow->parameter_count; i++)
		hash = (hash ^ (arguments[i].kind == VALUE_MISSING ? 0 : value_hash(arguments[i]))) *
		       UINT64_C(0x9e3779b97f4a7c15);
	return text_format(context->arena, "%016" PRIx64, hash);
}

enum status work_create(struct context *context, const struct workflow *workflow, const struct value *arguments,
			struct record_id id)
{
	static const uint16_t FIELDS[] = {INSTANCE_WORKFLOW, INSTANCE_STATE, INSTANCE_PROGRAM, INSTANCE_DATA,
					  INSTANCE_ARGUMENTS};
	struct work work = {.context = context, .code = workflow->code, .id = id_text(context, id)};
	work.instance = (struct instance){.id = id, .workflow = workflow, .frame = frame_new(context, workflow->code)};
	for (uint32_t i = 0; i < workflow->parameter_count; i++)
		work.instance.frame[i] = arguments[i];
	if (context->event)
		work.instance.cause = context->event->id;
	*list_add(context->arena, &work.instance.strands) = (struct strand){.parent = STRAND_NONE, .state = STRAND_READY};
	enum status status = signals_prepare(&work);
	if (status != OK)
		return status;
	struct value values[] = {
		value_text(workflow->name),
		value_text(instance_state_name(INSTANCE_RUNNING_STATE)),
		value_text(program_hash_text(context->arena, context->program->hash)),
		value_text(instance_write(context->arena, context->program, &work.instance)),
		value_text(arguments_text(context, workflow, arguments)),
	};
	struct write write = {.entity = system_entity(context, SYSTEM_INSTANCE), .fields = FIELDS, .field_count = 5};
	return row_create_as(context, &write, values, id);
}

/* --- loading */
static enum status raise_event(struct context *context, const char *name, struct text workflow, struct text instance,
			       const struct text *sentence)
{
	const struct event_kind *kind = schema_event(&context->program->schema, text_from(name));
	struct value *fields = arena_array(context->arena, struct value, 3);
	fields[0] = value_text(workflow);
	fields[1] = value_text(instance);
	fields[2] = sentence ? value_text(*sentence) : value_missing();
	return kind ? event_raise(context, kind, fields) : OK;
}

enum status work_raise(struct work *work, const char *event, const struct text *sentence)
{
	return raise_event(work->context, event, work->instance.workflow->name, work->id, sentence);
}

/* It is not lost: with its program it goes on. Until then it says why it does not. */
static enum status hold_foreign(struct work *work, struct text workflow, enum instance_state state)
{
	static const uint16_t FIELDS[] = {INSTANCE_STATE, INSTANCE_WAITS_FOR};
	struct context *context = work->context;
	struct text sentence = text_format(context->arena,
					   "the workflow %.*s (%.*s) runs on the pack version it started with, and that is not "
					   "loaded; load that version and resume it, or cancel it there",
					   TEXT_ARGS(workflow), TEXT_ARGS(work->id));
	struct value values[] = {value_text(instance_state_name(INSTANCE_HELD_STATE)), value_text(sentence)};
	enum status status = OK;
	if (state != INSTANCE_HELD_STATE) {
		status = row_update(context, system_entity(context, SYSTEM_INSTANCE), work->instance.id, FIELDS, values, 2);
		if (status == OK)
			status = raise_event(context, "workflow.held", workflow, work->id, &sentence);
	}
	return status == OK ? error_set(context->error, CONFLICT, "%.*s", TEXT_ARGS(sentence)) : status;
}

/* The host's other engine goes on with it. */
static enum status leave_elsewhere(struct work *work, struct text workflow, uint64_t program)
{
	struct context *context = work->context;
	struct turn *turn = &context->engine->turn;
	bool is_named = false;
	for (uint32_t i = 0; i < turn->elsewhere.count; i++)
		is_named |= turn->elsewhere.items[i] == program;
	if (!is_named)
		*list_add(context->arena, &turn->elsewhere) = program;
	return error_set(context->error, FOREIGN, "the workflow %.*s (%.*s) runs on another version of its pack, %016" PRIx64,
			 TEXT_ARGS(workflow), TEXT_ARGS(work->id), program);
}

static enum status work_is_foreign(struct work *work, const struct value *row, enum instance_state state)
{
	const struct ports *ports = work->context->ports;
	struct text name = value_as_text(row[INSTANCE_WORKFLOW]);
	uint64_t program = program_hash_read(value_as_text(row[INSTANCE_PROGRAM]));
	return ports->runs_elsewhere && ports->runs_elsewhere(ports->host, program) ? leave_elsewhere(work, name, program)
										    : hold_foreign(work, name, state);
}

enum status work_load(struct context *context, struct record_id id, struct work *work)
{
	const struct value *row;
	enum instance_state state;
	*work = (struct work){.context = context, .instance = {.id = id}, .id = id_text(context, id)};
	enum status status = row_read(context, system_entity(context, SYSTEM_INSTANCE), id, &row);
	if (status != OK)
		return status;
	struct text name = value_as_text(row[INSTANCE_WORKFLOW]);
	if (!instance_state_find(value_as_text(row[INSTANCE_STATE]), &state) || instance_state_is_over(state))
		return NOT_FOUND;
	work->instance.state = state;
	work->instance.workflow = program_workflow(context->program, name);
	if (!work->instance.workflow ||
	    !text_equal(value_as_text(row[INSTANCE_PROGRAM]), program_hash_text(context->arena, context->program->hash)))
		return work_is_foreign(work, row, state);
	work->code = work->instance.workflow->code;
	return instance_read(context->arena, context->program, value_as_text(row[INSTANCE_DATA]), &work->instance,
			     context->error);
}

/* --- keeping */
static struct text waits_for(const struct work *work)
{
	const struct instance *instance = &work->instance;
	struct text_builder text = {.arena = work->context->arena};
	if (instance->sentence.length)
		builder_add(&text, instance->sentence);
	for (uint32_t i = 0; i < instance->strands.count; i++) {
		struct text rest = rest_show(work, &instance->strands.items[i]);
		if (!rest.length)
			continue;
		if (text.length)
			builder_add_string(&text, "; ");
		builder_add(&text, rest);
	}
	return builder_text(&text);
}

enum status work_keep(struct work *work)
{
	static const uint16_t FIELDS[] = {INSTANCE_STATE, INSTANCE_WAITS_FOR, INSTANCE_DATA};
	struct context *context = work->context;
	enum status status = signals_prepare(work);
	if (status != OK)
		return status;
	struct value values[] = {
		value_text(instance_state_name(work->instance.state)),
		value_text(waits_for(work)),
		value_text(instance_write(context->arena, context->program, &work->instance)),
	};
	return row_update(context, system_entity(context, SYSTEM_INSTANCE), work->instance.id, FIELDS, values, 3);
}

enum status work_keep_here(struct work *work)
{
	static const uint16_t FIELDS[] = {INSTANCE_PROGRAM, INSTANCE_ARGUMENTS};
	struct context *context = work->context;
	struct value values[] = {value_text(program_hash_text(context->arena, context->program->hash)),
				 value_text(arguments_text(context, work->instance.workflow, work->instance.frame))};
	enum status status = work_keep(work);
	return status == OK ? row_update(context, system_entity(context, SYSTEM_INSTANCE), work->instance.id, FIELDS, values, 2)
			    : status;
}

/* --- by arguments */
static bool has_arguments(const struct work *work, const struct value *arguments)
{
	for (uint32_t i = 0; i < work->instance.workflow->parameter_count; i++) {
		struct value a = work->instance.frame[i], b = arguments[i];
		if (a.kind == VALUE_MISSING ? b.kind != VALUE_MISSING : !value_equal(a, b))
			return false;
	}
	return true;
}

enum status work_find(struct context *context, const struct workflow *workflow, const struct value *arguments,
		      struct record_id **ids_out, uint32_t *count_out)
{
	struct row **rows;
	uint32_t count;
	*count_out = 0;
	enum status status = row_query_equal(context, system_entity(context, SYSTEM_INSTANCE), INSTANCE_ARGUMENTS,
					     value_text(arguments_text(context, workflow, arguments)), &rows, &count);
	if (status != OK)
		return status;
	*ids_out = arena_array(context->arena, struct record_id, count + 1);
	for (uint32_t i = 0; i < count; i++) {
		struct work work;
		if (!rows[i]->values || !text_equal(value_as_text(rows[i]->values[INSTANCE_WORKFLOW]), workflow->name))
			continue;
		status = work_load(context, rows[i]->id, &work);
		if (context->fatal)
			return status;
		if (status == OK && has_arguments(&work, arguments))
			(*ids_out)[(*count_out)++] = work.instance.id;
	}
	return OK;
}

/* --- what waits */
static struct value text_or_missing(struct text text)
{
	return text.length ? value_text(text) : value_missing();
}

enum status wait_row(struct work *work, uint32_t rest, struct text event, struct text key, uint32_t strand)
{
	static const uint16_t FIELDS[] = {WAIT_EVENT, WAIT_KEY, WAIT_INSTANCE, WAIT_STRAND};
	struct context *context = work->context;
	struct value values[] = {text_or_missing(event), text_or_missing(key), value_text(work->id),
				 value_int(strand == STRAND_NONE ? -1 : (int64_t)strand)};
	struct write write = {.entity = system_entity(context, SYSTEM_WAIT), .fields = FIELDS, .field_count = 4};
	return row_create_as(context, &write, values, rest_id(&work->instance, rest));
}

enum status wait_row_renew(struct work *work, uint32_t strand)
{
	static const uint16_t FIELDS[] = {WAIT_KEY};
	struct context *context = work->context;
	const struct strand *rests = &work->instance.strands.items[strand];
	const struct wait_key *key = wait_key_of(context, &work->code->steps[rests->step]);
	struct text text;
	enum status status = wait_key_text(work, key, false, &text);
	if (status != OK)
		return status;
	struct value values[] = {value_text(text)};
	return row_update(context, system_entity(context, SYSTEM_WAIT), rest_id(&work->instance, rests->rest), FIELDS, values,
			  1);
}

enum status wait_row_drop(struct work *work, uint32_t rest)
{
	struct context *context = work->context;
	enum status status = row_delete(context, system_entity(context, SYSTEM_WAIT), rest_id(&work->instance, rest));
	return status == NOT_FOUND && !context->fatal ? OK : status;
}

enum status work_call_out(struct work *work, const struct action *action, const struct value *arguments, uint32_t rest,
			  uint32_t strand)
{
	struct context *context = work->context;
	struct text request;
	enum status status = request_write(context, action, arguments, &request);
	if (status != OK)
		return status;
	*list_add(context->arena, &context->plan->outgoing) = (struct outgoing){.kind = OUTGOING_CALL,
										.id = rest_id(&work->instance, rest),
										.action = action,
										.arguments = arguments,
										.argument_count = action->parameter_count,
										.request = request,
										.rule = RULE_NONE,
										.cause = context->event};
	return wait_row(work, rest, (struct text){0}, (struct text){0}, strand);
}
