/* The statements of bodies: each adds to the plan, none does anything else. */
#include "engine/base/check.h"
#include "engine/parts.h"
#include "engine/request.h"

bool is_effect(enum step_operation operation)
{
	return operation >= STEP_CREATE && operation <= STEP_FAIL;
}

static struct value *gather(struct context *context, const struct code *code, const struct value *frame,
			    const struct step *step)
{
	struct value *values = arena_alloc_raw(context->arena, sizeof(*values) * (step->c ? step->c : 1), 16);
	for (uint32_t i = 0; i < step->c; i++)
		values[i] = operand_at(code, frame, step->b, i);
	return values;
}

/* The row that a statement is about. */
static enum status target(struct context *context, struct value value, const char *verb, const struct entity **entity_out)
{
	if (value.kind != VALUE_REF) {
		struct text path = {value.text, value.kind == VALUE_MISSING ? value.count : 0};
		if (path.length)
			return error_set(context->error, INVALID, "nothing to %s: %.*s is not set", verb, TEXT_ARGS(path));
		return error_set(context->error, INVALID, "nothing to %s: the record is not set", verb);
	}
	*entity_out = context->program->schema.entities[value.entity];
	return OK;
}

/* --- rows */
static enum status effect_create(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	const struct write *write = &context->program->writes[step->extra];
	struct record_id id;
	enum status status = row_create(context, write, gather(context, code, frame, step), &id);
	if (status == OK)
		frame[step->d] = value_ref(write->entity->index, id);
	return status;
}

/* The value that the statement gives to a field. */
static struct value value_for(const struct write *write, const struct value *values, uint16_t field)
{
	for (uint32_t i = 0; i < write->field_count; i++)
		if (write->fields[i] == field)
			return values[i];
	return value_missing();
}

/* docs/decisions/0010 */
static enum status effect_upsert(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	const struct write *write = &context->program->writes[step->extra];
	const struct value *values = gather(context, code, frame, step);
	struct value *keys = arena_array(context->arena, struct value, write->key_count);
	struct row **rows;
	uint32_t count;
	for (uint32_t i = 0; i < write->key_count; i++) {
		const struct field *field = &write->entity->fields[write->key_fields[i]];
		keys[i] = value_for(write, values, write->key_fields[i]);
		if (keys[i].kind == VALUE_MISSING)
			return error_set(context->error, INVALID, "upsert %.*s by %.*s: the key is not set",
					 TEXT_ARGS(write->entity->name), TEXT_ARGS(field->name));
	}
	const struct query *query = query_by_fields(context->arena, write->entity, write->key_fields, write->key_count);
	enum status status = row_query(context, query, keys, &rows, &count);
	if (status != OK)
		return status;
	if (!count)
		return effect_create(context, code, frame, step);
	frame[step->d] = value_ref(write->entity->index, rows[0]->id);
	return row_update(context, write->entity, rows[0]->id, write->fields, values, write->field_count);
}

static enum status effect_set(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	const struct write *write = &context->program->writes[step->extra];
	const struct entity *entity;
	enum status status = target(context, frame[step->a], "set", &entity);
	if (status != OK)
		return status;
	return row_update(context, entity, frame[step->a].id, write->fields, gather(context, code, frame, step),
			  write->field_count);
}

static enum status effect_delete(struct context *context, struct value *frame, const struct step *step)
{
	const struct entity *entity;
	enum status status = target(context, frame[step->a], "delete", &entity);
	return status == OK ? row_delete(context, entity, frame[step->a].id) : status;
}

/* The note belongs to who acts, where the note entity has a field `author` for that. */
enum status note_add(struct context *context, struct value owner, struct value body)
{
	const struct entity *entity;
	enum status status = target(context, owner, "note on", &entity);
	if (status != OK)
		return status;
	const struct entity *note = entity->note_entity;
	if (!note)
		return error_set(context->error, INVALID, "%.*s has no notes", TEXT_ARGS(entity->name));
	const struct field *author = entity_field(note, TEXT("author"));
	bool signs = author && author->type->kind == TYPE_REF && context->actor.kind == VALUE_REF &&
		     author->type->entity->index == context->actor.entity;
	uint16_t fields[] = {entity->note_owner_field, entity->note_body_field, signs ? author->index : 0};
	struct value values[] = {owner, body, context->actor};
	struct write write = {.entity = note, .fields = fields, .field_count = signs ? 3 : 2};
	struct record_id id;
	return row_create(context, &write, values, &id);
}

/* --- events and what goes outside */
static enum status effect_emit(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	const struct event_kind *kind = context->program->schema.events[step->a];
	struct value *fields = gather(context, code, frame, step);
	CHECK(step->c == kind->field_count);
	for (uint32_t i = 0; i < kind->field_count; i++)
		if (fields[i].kind == VALUE_MISSING && (kind->fields[i].required || kind->fields[i].key))
			return error_set(context->error, INVALID, "emit %.*s needs the field `%.*s`, which is not set",
					 TEXT_ARGS(kind->name), TEXT_ARGS(kind->fields[i].name));
	return event_raise(context, kind, fields);
}

static enum status send(struct context *context, struct outgoing outgoing, const struct value *arguments, uint32_t count)
{
	outgoing.id = id_next(context);
	outgoing.arguments = arguments;
	outgoing.argument_count = count;
	outgoing.rule = context->rule;
	outgoing.cause = context->event;
	*list_add(context->arena, &context->plan->outgoing) = outgoing;
	return OK;
}

static enum status effect_send(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	struct outgoing outgoing = {.kind = OUTGOING_CALL};
	if (step->operation == STEP_NOTIFY) {
		outgoing.kind = OUTGOING_NOTIFY;
		outgoing.notice = &context->program->notices[step->a];
	} else {
		outgoing.action = &context->program->actions[step->a];
	}
	const struct value *arguments = gather(context, code, frame, step);
	enum status status = OK;
	if (outgoing.action)
		status = request_write(context, outgoing.action, arguments, &outgoing.request);
	return status == OK ? send(context, outgoing, arguments, step->c) : status;
}

/* --- workflows and scripts */
static enum status effect_workflow(struct context *context, const struct code *code, struct value *frame,
				   const struct step *step)
{
	const struct workflow *workflow = &context->program->workflows[step->a];
	const struct value *arguments = gather(context, code, frame, step);
	if (step->operation == STEP_CANCEL)
		return workflow_cancel(context, workflow, arguments);
	return workflow_start(context, workflow, arguments, &frame[step->d]);
}

static enum status effect_run_script(struct context *context, const struct code *code, struct value *frame,
				     const struct step *step)
{
	struct value ignored;
	return script_call(context->engine->scripts, step->a, gather(context, code, frame, step), context->arena, &ignored,
			   context->error);
}

static struct text text_of(struct context *context, struct value value)
{
	return value.kind == VALUE_TEXT ? value_as_text(value) : value_show(context->arena, value, context->program->zone);
}

enum status effect_run(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	struct text text;
	switch (step->operation) {
	case STEP_CREATE:
		return effect_create(context, code, frame, step);
	case STEP_UPSERT:
		return effect_upsert(context, code, frame, step);
	case STEP_SET:
		return effect_set(context, code, frame, step);
	case STEP_DELETE:
		return effect_delete(context, frame, step);
	case STEP_NOTE:
		return note_add(context, frame[step->a], frame[step->b]);
	case STEP_EMIT:
		return effect_emit(context, code, frame, step);
	case STEP_CALL:
	case STEP_NOTIFY:
		return effect_send(context, code, frame, step);
	case STEP_START:
	case STEP_CANCEL:
		return effect_workflow(context, code, frame, step);
	case STEP_RUN:
		return effect_run_script(context, code, frame, step);
	case STEP_LOG:
		text = text_of(context, frame[step->a]);
		trace_say(context, "%.*s", TEXT_ARGS(text));
		return OK;
	default:
		text = text_of(context, frame[step->a]);
		return error_set(context->error, INVALID, "%.*s", TEXT_ARGS(text));
	}
}
