/* By what an event and the workflows that wait for it find each other: an equality in the `where` of a wait, between the event
 * and something that the instance knows. And which waits an instance may still come to. Both are read from the code of the
 * program, once; must never decide whether an event fits: the whole `where` does. docs/decisions/0014 */
#include "engine/workflow.h"

#include <inttypes.h>

#include "engine/base/check.h"

enum { KEY_NONE = UINT32_MAX, KEY_EVENT = UINT32_MAX - 1 /* the event's record itself */ };

struct kind_keys { /* of an event */
	LIST(uint32_t) fields;
	bool is_awaited;
};

struct workflow_waits {
	LIST(const struct wait_key *) keys; /* in the order of its steps */
	uint32_t *ahead;                    /* by step: the waits from there on */
};

struct workflow_keys {
	LIST(struct wait_key) keys; /* by index in program.waits */
	struct kind_keys *kinds;    /* by event index */
	struct workflow_waits *workflows;
};

/* --- where control may go on behind a step: the union of what stands there */
static uint32_t behind(const struct program *program, const struct code *code, uint32_t at, const uint32_t *ahead)
{
	const struct step *step = &code->steps[at];
	uint32_t other = SLOT_NONE, set = 0;
	switch (step->operation) {
	case STEP_JUMP:
		return ahead[step->b];
	case STEP_STOP:
	case STEP_FAIL:
	case STEP_WORK_END:
		return 0;
	case STEP_JUMP_FALSE ... STEP_JUMP_SET:
	case STEP_EACH_NEXT:
		other = step->b;
		break;
	case STEP_WORK_CALL:
		other = program->work_options[step->extra].else_step;
		break;
	case STEP_WORK_WAIT:
		other = program->waits[step->a].else_step;
		break;
	case STEP_WORK_APPROVE:
		other = program->approvals[step->a].else_step;
		break;
	case STEP_WORK_PARALLEL:
		for (uint32_t i = 0; i < step->c; i++)
			set |= ahead[code->operands[step->b + i]];
		return set | ahead[step->a];
	default:
		break;
	}
	return ahead[at + 1] | (other == SLOT_NONE ? 0 : ahead[other]);
}

/* `ahead` has the marks of each step, and one place more; afterwards also those of the steps that may come. */
static void look_ahead(const struct program *program, const struct code *code, uint32_t *ahead)
{
	bool changed = true;
	while (changed) {
		changed = false;
		for (uint32_t at = code->step_count; at-- > 0;) {
			uint32_t set = ahead[at] | behind(program, code, at, ahead);
			changed |= set != ahead[at];
			ahead[at] = set;
		}
	}
}

static bool is_in_loop(struct arena *arena, const struct program *program, const struct code *code, uint32_t at)
{
	uint32_t *ahead = arena_array(arena, uint32_t, code->step_count + 1);
	ahead[at] = 1;
	look_ahead(program, code, ahead);
	return behind(program, code, at, ahead);
}

/* --- what a condition captures: a slot, or before that is set the fields on the way to it from one that is set earlier */
static uint32_t step_that_reads(const struct code *code, uint32_t slot)
{
	for (uint32_t i = 0; slot >= code->parameter_count && i < code->step_count; i++)
		if (code->steps[i].d == slot && code->steps[i].operation == STEP_FIELD)
			return i;
	return SLOT_NONE;
}

static void captured_prepare(struct arena *arena, const struct program *program, const struct code *code, uint32_t slot,
			     struct captured *captured)
{
	uint32_t at = step_that_reads(code, slot);
	*captured = (struct captured){.slot = slot, .origin = slot};
	captured->is_read_again = at != SLOT_NONE && is_in_loop(arena, program, code, at);
	for (; at != SLOT_NONE && captured->length < KEY_PATH_MOST; at = step_that_reads(code, captured->origin)) {
		for (uint32_t i = captured->length++; i > 0; i--)
			captured->path[i] = captured->path[i - 1];
		captured->path[0] = (uint16_t)code->steps[at].b;
		captured->origin = code->steps[at].a;
	}
	for (uint32_t i = 0; captured->origin >= code->parameter_count && i < code->step_count; i++)
		captured->varies |= code->steps[i].d == captured->origin && is_in_loop(arena, program, code, i);
}

/* --- the equality */
static bool is_key_type(const struct type *type)
{
	return type && (type->kind == TYPE_TEXT || type->kind == TYPE_INT || type->kind == TYPE_REF ||
			type->kind == TYPE_ENUM || type->kind == TYPE_DATE || type->kind == TYPE_TIME);
}

/* What of the event is compared: itself, when it is a record's, or one of its fields. */
static bool event_field_find(const struct event_kind *kind, const struct code *where, uint32_t slot, uint32_t *field_out)
{
	uint32_t at = step_that_reads(where, slot);
	*field_out = KEY_EVENT;
	if (at == SLOT_NONE)
		return slot == 0 && kind->entity;
	*field_out = where->steps[at].b;
	return where->steps[at].a == 0;
}

/* Slot 0 is the event, the parameters behind it are what is captured. */
static bool key_of_equality(const struct event_kind *kind, const struct code *where, const struct step *step,
			    struct wait_key *key)
{
	for (int turned = 0; turned < 2; turned++) {
		uint32_t event = turned ? step->b : step->a, known = turned ? step->a : step->b, field;
		if (!known || known >= where->parameter_count || !event_field_find(kind, where, event, &field))
			continue;
		key->field = field;
		key->by = known - 1;
		return true;
	}
	return false;
}

static bool key_of_comparison(const struct event_kind *kind, const struct code *where, const struct node *node,
			      struct wait_key *key)
{
	for (uint32_t i = 0; i < node->child_count; i++)
		if (!is_key_type(where->nodes[where->children[node->first_child + i]].type))
			return false;
	for (uint32_t i = 0; i < where->step_count; i++)
		if (where->steps[i].operation == STEP_EQUAL && where->steps[i].d == node->slot)
			return key_of_equality(kind, where, &where->steps[i], key);
	return false;
}

/* One that must hold for the whole to hold. */
static bool key_find(const struct event_kind *kind, const struct code *where, uint32_t index, struct wait_key *key)
{
	const struct node *node = &where->nodes[index];
	if (node->kind == NODE_COMPARISON)
		return key_of_comparison(kind, where, node, key);
	for (uint32_t i = 0; node->kind == NODE_AND && i < node->child_count; i++)
		if (key_find(kind, where, where->children[node->first_child + i], key))
			return true;
	return false;
}

/* --- prepared with a program */
static struct wait_key *key_at(struct arena *arena, struct workflow_keys *keys, uint32_t wait)
{
	while (keys->keys.count <= wait)
		*list_add(arena, &keys->keys) = (struct wait_key){.field = KEY_NONE};
	return &keys->keys.items[wait];
}

static void kind_add(struct arena *arena, struct kind_keys *kind, uint32_t field)
{
	kind->is_awaited = true;
	for (uint32_t i = 0; i < kind->fields.count; i++)
		if (kind->fields.items[i] == field)
			return;
	if (field != KEY_NONE)
		*list_add(arena, &kind->fields) = field;
}

static void wait_prepare(struct engine *engine, const struct workflow *workflow, const struct step *step)
{
	const struct work_wait *wait = &engine->program->waits[step->a];
	struct arena *arena = &engine->pack_arena;
	struct wait_key *key = key_at(arena, engine->waits, step->a);
	struct captured *captured = arena_array(arena, struct captured, wait->captured + 1);
	*key = (struct wait_key){.wait = wait, .step = step, .field = KEY_NONE, .captured = captured};
	if (wait->where && wait->where->root < wait->where->node_count)
		key_find(wait->event, wait->where, wait->where->root, key);
	for (uint32_t i = 0; i < wait->captured; i++) {
		captured_prepare(arena, engine->program, workflow->code, workflow->code->operands[step->b + i], &captured[i]);
		key->varies |= captured[i].varies;
	}
	kind_add(arena, &engine->waits->kinds[wait->event->index], key->field);
}

static void workflow_prepare(struct engine *engine, const struct workflow *workflow)
{
	const struct code *code = workflow->code;
	struct workflow_waits *waits = &engine->waits->workflows[workflow->index];
	waits->ahead = arena_array(&engine->pack_arena, uint32_t, code->step_count + 1);
	for (uint32_t i = 0; i < code->step_count; i++) {
		if (code->steps[i].operation != STEP_WORK_WAIT || waits->keys.count == LIMIT_EARLY_WAITS)
			continue;
		struct wait_key *key = &engine->waits->keys.items[code->steps[i].a];
		key->number = waits->keys.count;
		key->is_early = true;
		waits->ahead[i] = (uint32_t)1 << key->number;
		*list_add(&engine->pack_arena, &waits->keys) = key;
	}
	look_ahead(engine->program, code, waits->ahead);
}

void workflows_prepare(struct engine *engine)
{
	const struct program *program = engine->program;
	struct arena *arena = &engine->pack_arena;
	engine->waits = arena_new(arena, struct workflow_keys);
	engine->waits->kinds = arena_array(arena, struct kind_keys, program->schema.event_count + 1);
	engine->waits->workflows = arena_array(arena, struct workflow_waits, program->workflow_count + 1);
	for (uint32_t i = 0; i < program->workflow_count; i++)
		for (uint32_t k = 0; k < program->workflows[i].code->step_count; k++)
			if (program->workflows[i].code->steps[k].operation == STEP_WORK_WAIT)
				wait_prepare(engine, &program->workflows[i], &program->workflows[i].code->steps[k]);
	for (uint32_t i = 0; i < program->workflow_count; i++)
		workflow_prepare(engine, &program->workflows[i]);
}

/* --- asked in a turn */
const struct wait_key *wait_key_of(const struct context *context, const struct step *step)
{
	return &context->engine->waits->keys.items[step->a];
}

const struct wait_key *const *workflow_waits(const struct context *context, const struct workflow *workflow,
					     uint32_t *count_out)
{
	const struct workflow_waits *waits = &context->engine->waits->workflows[workflow->index];
	*count_out = waits->keys.count;
	return waits->keys.items;
}

uint32_t waits_ahead(const struct work *work, const struct strand *strand)
{
	const uint32_t *ahead = work->context->engine->waits->workflows[work->instance.workflow->index].ahead;
	if (strand->state == STRAND_ENDED)
		return 0;
	if (strand->state == STRAND_READY)
		return ahead[strand->step];
	if (strand->state == STRAND_JOIN) /* its strands speak for themselves */
		return ahead[work->code->steps[strand->step].a];
	return behind(work->context->program, work->code, strand->step, ahead);
}

static struct text text_of(struct context *context, const struct event_kind *kind, uint32_t field, struct value value)
{
	struct text name = {0};
	if (field == KEY_NONE || value.kind == VALUE_MISSING)
		return kind->name;
	if (field != KEY_EVENT)
		name = kind->entity ? kind->entity->fields[field].name : kind->fields[field].name;
	return text_format(context->arena, "%.*s %.*s %016" PRIx64, TEXT_ARGS(kind->name), TEXT_ARGS(name), value_hash(value));
}

/* As it stands in the frame when the wait has begun; before, as it would be now. */
static enum status captured_value(struct work *work, const struct captured *captured, bool is_early, struct value *value_out)
{
	struct context *context = work->context;
	struct value value = work->instance.frame[captured->slot];
	enum status status = OK;
	if (is_early && (captured->is_read_again || value.kind == VALUE_MISSING)) {
		value = work->instance.frame[captured->origin];
		for (uint32_t i = 0; status == OK && i < captured->length; i++)
			if (value.kind == VALUE_REF)
				status = row_field(context, context->program->schema.entities[value.entity], value.id,
						   captured->path[i], &value);
			else
				value = value.kind == VALUE_RECORD && captured->path[i] < value.count
						? value.items[captured->path[i]]
						: value_missing();
	}
	*value_out = value;
	return status;
}

enum status wait_key_text(struct work *work, const struct wait_key *key, bool is_early, struct text *text_out)
{
	struct value value = value_missing();
	enum status status = OK;
	if (key->field != KEY_NONE && !(is_early && key->varies))
		status = captured_value(work, &key->captured[key->by], is_early, &value);
	*text_out = text_of(work->context, key->wait->event, key->field, value);
	return status;
}

enum status wait_capture(struct work *work, uint32_t step, uint32_t slot)
{
	const struct wait_key *key = wait_key_of(work->context, &work->code->steps[step]);
	for (uint32_t i = 0; i < key->wait->captured; i++) {
		const struct captured *captured = &key->captured[i];
		if (captured->slot != slot)
			continue;
		if (!captured->length || work->instance.frame[captured->origin].kind == VALUE_MISSING)
			return NOT_FOUND;
		return captured_value(work, captured, true, &work->instance.frame[slot]);
	}
	return NOT_FOUND;
}

static enum status field_of_event(struct context *context, const struct event *event, uint32_t field, struct value *value_out)
{
	if (field != KEY_EVENT && event->kind->entity)
		return row_field(context, event->kind->entity, event->fields[0].id, field, value_out);
	*value_out = event->fields[field == KEY_EVENT ? 0 : field];
	return OK;
}

enum status event_keys(struct context *context, const struct event *event, struct text **keys_out, uint32_t *count_out)
{
	const struct kind_keys *kind = &context->engine->waits->kinds[event->kind->index];
	enum status status = OK;
	*count_out = 0;
	if (!kind->is_awaited)
		return OK;
	*keys_out = arena_array(context->arena, struct text, kind->fields.count + 1);
	(*keys_out)[(*count_out)++] = event->kind->name;
	for (uint32_t i = 0; status == OK && i < kind->fields.count; i++) {
		struct value value;
		status = field_of_event(context, event, kind->fields.items[i], &value);
		if (status == OK && value.kind != VALUE_MISSING)
			(*keys_out)[(*count_out)++] = text_of(context, event->kind, kind->fields.items[i], value);
	}
	return status;
}

enum status wait_truth(struct work *work, const struct wait_key *key, bool is_early, const struct event *event,
		       struct value *truth_out)
{
	struct context *context = work->context;
	const struct code *where = key->wait->where;
	enum status status = OK;
	*truth_out = value_bool(key->wait->event == event->kind);
	if (!where || !value_is_true(*truth_out))
		return OK;
	struct value *frame = frame_new(context, where);
	frame[0] = event_value(event);
	for (uint32_t i = 0; status == OK && i < key->wait->captured; i++)
		status = captured_value(work, &key->captured[i], is_early, &frame[1 + i]);
	const struct event *handled = context->event;
	context->event = event;
	if (status == OK)
		status = eval_run(context, where, frame, truth_out);
	context->event = handled;
	return status;
}
