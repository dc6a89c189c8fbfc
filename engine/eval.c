/* Runs compiled code, one step after the other. A MISSING operand makes a MISSING result, so that a condition knows three
 * answers; what the steps mean is said in model/steps.def. Never writes anything but its frame: effects go through effects.c to
 * the plan. */
#include "engine/base/check.h"
#include "engine/base/json.h"
#include "engine/clock.h"
#include "engine/operators.h"
#include "engine/parts.h"

struct value *frame_new(struct context *context, const struct code *code)
{
	return arena_array(context->arena, struct value, code->slot_count ? code->slot_count : 1);
}

/* --- fields */
static struct value missing_named(const struct code *code, uint32_t constant)
{
	struct value path = code->constants[constant];
	return path.kind == VALUE_TEXT ? (struct value){.kind = VALUE_MISSING, .count = path.count, .text = path.text}
				       : value_missing();
}

static enum status field_of(struct context *context, struct value owner, uint32_t field, struct value *value_out)
{
	if (owner.kind == VALUE_RECORD) {
		CHECK(field < owner.count);
		*value_out = owner.items[field];
		return OK;
	}
	if (owner.kind == VALUE_REF)
		return row_field(context, context->program->schema.entities[owner.entity], owner.id, field, value_out);
	*value_out = owner; /* MISSING, with the path that was not set */
	return OK;
}

static enum status step_field(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	struct value owner = frame[step->a], *result = &frame[step->d];
	enum status status = field_of(context, owner, step->b, result);
	if (status == OK && result->kind == VALUE_MISSING && owner.kind != VALUE_MISSING)
		*result = missing_named(code, step->c);
	return status;
}

static enum status step_clock_field(struct context *context, struct value *frame, const struct step *step)
{
	const struct clock *clock = &context->program->clocks[step->c];
	struct value record = frame[step->a];
	frame[step->d] = value_missing();
	if (record.kind != VALUE_REF)
		return OK;
	if (step->b >= FIELD_FIRST_OWN)
		return clock_field(context, clock, record.id, step->b - FIELD_FIRST_OWN, &frame[step->d]);
	return row_field(context, clock->state, clock_row_id(clock, record.id), step->b, &frame[step->d]);
}

static enum status step_data_member(struct value *frame, const struct code *code, const struct step *step)
{
	struct value data = frame[step->a];
	const struct json *member =
		data.kind == VALUE_DATA ? json_member(data.json, value_as_text(code->constants[step->b])) : NULL;
	frame[step->d] = member && json_kind(member) != JSON_NULL ? (struct value){.kind = VALUE_DATA, .json = member}
								  : missing_named(code, step->b);
	return OK;
}

/* --- what the event knows */
static bool differs(struct value before, struct value after)
{
	if (before.kind == VALUE_MISSING && after.kind == VALUE_MISSING)
		return false;
	return !value_equal(before, after);
}

static struct value event_changed(const struct context *context, uint32_t field)
{
	const struct event *event = context->event;
	if (context->assume_changed)
		return value_bool(true);
	if (!event || !event->before || !event->after)
		return value_bool(false);
	return value_bool(differs(event->before[field], event->after[field]));
}

static struct value event_before(const struct context *context, uint32_t field)
{
	const struct event *event = context->event;
	return event && event->before ? event->before[field] : value_missing();
}

/* --- conditions */
static enum status step_compare(struct context *context, struct value *frame, const struct step *step,
				enum step_operation operation, struct value a, struct value b)
{
	if (a.kind == VALUE_MISSING || b.kind == VALUE_MISSING) {
		frame[step->d] = a.kind == VALUE_MISSING ? a : b;
		return OK;
	}
	bool holds;
	enum status status = compare(context, operation, a, b, &holds);
	if (status == OK)
		frame[step->d] = value_bool(holds);
	return status;
}

static enum step_operation unfused(enum step_operation operation)
{
	static const enum step_operation PLAIN[] = {STEP_EQUAL,   STEP_NOT_EQUAL,     STEP_LESS, STEP_LESS_EQUAL,
						    STEP_GREATER, STEP_GREATER_EQUAL, STEP_IN,   STEP_IN};
	return PLAIN[operation - STEP_FIELD_EQUAL_CONSTANT];
}

static enum status step_fused(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	struct value field, constant = code->constants[step->c];
	enum status status = field_of(context, frame[step->a], step->b, &field);
	if (status != OK)
		return status;
	if (step->operation == STEP_CONSTANT_IN_FIELD)
		return step_compare(context, frame, step, STEP_IN, constant, field);
	return step_compare(context, frame, step, unfused(step->operation), field, constant);
}

static struct value three_valued(struct value a, struct value b, bool winner)
{
	if (a.kind == VALUE_BOOL && (bool)a.integer == winner)
		return a;
	if (b.kind == VALUE_BOOL && (bool)b.integer == winner)
		return b;
	return a.kind == VALUE_MISSING ? a : b;
}

/* --- making values */
static enum status step_operate(struct context *context, struct value *frame, const struct step *step)
{
	struct value a = frame[step->a], b = step->operation == STEP_NEGATE ? a : frame[step->b];
	if (a.kind == VALUE_MISSING || b.kind == VALUE_MISSING) {
		frame[step->d] = a.kind == VALUE_MISSING ? a : b;
		return OK;
	}
	return operate(context, step->operation, a, b, &frame[step->d]);
}

static const struct value *gather(struct context *context, const struct code *code, const struct value *frame,
				  const struct step *step)
{
	struct value *items = arena_alloc_raw(context->arena, sizeof(*items) * (step->c ? step->c : 1), 16);
	for (uint32_t i = 0; i < step->c; i++)
		items[i] = operand_at(code, frame, step->b, i);
	return items;
}

static void step_range(struct context *context, struct value *frame, const struct step *step)
{
	struct value *ends = arena_array(context->arena, struct value, 2);
	ends[0] = frame[step->a];
	ends[1] = frame[step->b];
	bool missing = ends[0].kind == VALUE_MISSING || ends[1].kind == VALUE_MISSING;
	frame[step->d] = missing ? value_missing() : (struct value){.kind = VALUE_RANGE, .count = 2, .items = ends};
}

/* A document's value where a type is wanted; strict, or MISSING when it does not fit. */
static enum status step_from_data(struct context *context, const struct code *code, struct value *frame,
				  const struct step *step)
{
	struct value data = frame[step->a];
	(void)code;
	if (data.kind != VALUE_DATA) {
		frame[step->d] = data;
		return OK;
	}
	enum status status = value_from_json(context->arena, &context->program->schema, context->program->types[step->b],
					     data.json, TEXT("the document's value"), &frame[step->d], context->error);
	if (status != OK && step->c) {
		frame[step->d] = value_missing();
		return OK;
	}
	return status;
}

/* --- loops */
static enum status step_collect(struct context *context, struct value *frame, const struct step *step)
{
	struct value *list = &frame[step->d];
	bool full = list->count >= 8 && !(list->count & (list->count - 1));
	if (list->count >= LIMIT_LIST_ITEMS)
		return error_set(context->error, LIMIT, "the list would have more than %d items", LIMIT_LIST_ITEMS);
	if (!list->count || full) {
		struct value *grown = arena_alloc_raw(context->arena, sizeof(*grown) * (list->count ? list->count * 2 : 8), 16);
		if (list->count)
			memcpy(grown, list->items, list->count * sizeof(*grown));
		list->items = grown;
	}
	((struct value *)list->items)[list->count++] = frame[step->a];
	return OK;
}

static void step_each_begin(struct value *frame, const struct step *step)
{
	frame[step->d] = value_int(0);
	if (step->c)
		frame[step->c] = (struct value){.kind = VALUE_LIST};
}

static bool step_each_next(struct value *frame, const struct step *step)
{
	struct value list = frame[step->a];
	int64_t next = frame[step->c].integer;
	if (list.kind != VALUE_LIST || next >= list.count)
		return false;
	frame[step->d] = list.items[next];
	frame[step->c] = value_int(next + 1);
	return true;
}

/* --- calls */
static enum status deeper(struct context *context, const char *what, struct text name)
{
	if (++context->call_depth <= LIMIT_CALL_DEPTH)
		return OK;
	context->call_depth--;
	return error_set(context->error, LIMIT, "%s %.*s is called more than %d deep; does it need itself?", what,
			 TEXT_ARGS(name), LIMIT_CALL_DEPTH);
}

static enum status call_define(struct context *context, const struct function *function, const struct value *arguments,
			       struct value *result_out)
{
	enum status status = deeper(context, "the definition", function->name);
	if (status != OK)
		return status;
	struct value *frame = frame_new(context, function->code);
	if (function->parameter_count)
		memcpy(frame, arguments, sizeof(*frame) * function->parameter_count);
	status = eval_run(context, function->code, frame, result_out);
	context->call_depth--;
	return status;
}

static enum status call_script(struct context *context, uint32_t index, const struct value *arguments, struct value *result_out)
{
	enum status status = deeper(context, "the script", context->program->scripts[index].name);
	if (status != OK)
		return status;
	status = script_call(context->engine->scripts, index, arguments, context->arena, result_out, context->error);
	context->call_depth--;
	return status;
}

static enum status call_builtin(struct context *context, uint32_t row, const struct value *arguments, uint32_t count,
				struct value *result_out)
{
	for (uint32_t i = 0; i < count; i++)
		if (arguments[i].kind == VALUE_MISSING && !builtin_takes_missing(row, i)) {
			*result_out = arguments[i];
			return OK;
		}
	return builtin_call(context, row, arguments, count, result_out);
}

static enum status step_call(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	const struct value *arguments = gather(context, code, frame, step);
	struct value *result = &frame[step->d];
	switch (step->operation) {
	case STEP_BUILTIN:
		return call_builtin(context, step->a, arguments, step->c, result);
	case STEP_DEFINE:
		return call_define(context, &context->program->functions[step->a], arguments, result);
	case STEP_TABLE:
		return table_call(context, &context->program->tables[step->a], arguments, result);
	case STEP_SCRIPT:
		return call_script(context, step->a, arguments, result);
	default:
		return query_call(context, &context->program->queries[step->a], arguments, result);
	}
}

/* --- the steps that only make a value of their frame or of what the turn knows */
static enum status step_value(struct context *context, const struct code *code, struct value *frame, const struct step *step)
{
	struct value *result = &frame[step->d];
	switch (step->operation) {
	case STEP_NOW:
		*result = value_time(context->now);
		return OK;
	case STEP_CLOCK_FIELD:
		return step_clock_field(context, frame, step);
	case STEP_DATA_MEMBER:
		return step_data_member(frame, code, step);
	case STEP_SETTING:
		return setting_read(context, &context->program->settings[step->a], result);
	case STEP_SEED:
		*result = value_ref(context->program->seeds[step->a].entity->index, context->program->seeds[step->a].id);
		return OK;
	case STEP_CHANGED:
		*result = event_changed(context, step->a);
		return OK;
	case STEP_BEFORE:
		*result = event_before(context, step->a);
		return OK;
	case STEP_RANGE:
		step_range(context, frame, step);
		return OK;
	case STEP_JOIN:
		return text_join(context, code, frame, step, result);
	case STEP_FORMAT:
		return text_by_picture(context, frame[step->a], value_as_text(code->constants[step->b]), result);
	case STEP_ENCODE:
		return text_encode(context, frame[step->a], step->c, result);
	case STEP_LIST:
	case STEP_RECORD:
		*result = (struct value){.kind = step->operation == STEP_LIST ? VALUE_LIST : VALUE_RECORD,
					 .count = step->c,
					 .items = gather(context, code, frame, step)};
		return OK;
	case STEP_TO_DECIMAL:
		*result = frame[step->a];
		if (result->kind == VALUE_INT)
			*result = value_number(VALUE_DECIMAL, decimal_from_int(result->integer));
		return OK;
	case STEP_FROM_DATA:
		return step_from_data(context, code, frame, step);
	default:
		return step_operate(context, frame, step);
	}
}

static enum status too_long(struct context *context)
{
	context->fatal = true;
	return error_set(context->error, LIMIT, "the turn runs more than %d steps; a rule loops over too much",
			 LIMIT_TURN_STEPS);
}

/* Jumps: the step to go on at. */
static uint32_t jump(const struct value *frame, const struct step *step, uint32_t at)
{
	struct value value = step->operation == STEP_JUMP ? value_missing() : frame[step->a];
	bool taken = step->operation == STEP_JUMP || (step->operation == STEP_JUMP_FALSE && value_is_false(value)) ||
		     (step->operation == STEP_JUMP_TRUE && value_is_true(value)) ||
		     (step->operation == STEP_JUMP_NOT_TRUE && !value_is_true(value)) ||
		     (step->operation == STEP_JUMP_SET && value.kind != VALUE_MISSING);
	return taken ? step->b : at + 1;
}

static bool is_wait(enum step_operation operation)
{
	return operation >= STEP_WORK_CALL && operation <= STEP_WORK_HOLD;
}

/* The most frequent steps first; everything else is in step_value, step_call and effect_run. */
enum status eval_from(struct context *context, const struct code *code, struct value *frame, uint32_t *at_out)
{
	enum status status = OK;
	uint32_t at = *at_out;
	while (status == OK && at < code->step_count) {
		const struct step *step = &code->steps[at];
		if (++context->steps > LIMIT_TURN_STEPS)
			return too_long(context);
		if (context->executed)
			context->executed[at] = true;
		switch (step->operation) {
		case STEP_CONSTANT:
			frame[step->d] = code->constants[step->a];
			break;
		case STEP_COPY:
			frame[step->d] = frame[step->a];
			break;
		case STEP_FIELD:
			status = step_field(context, code, frame, step);
			break;
		case STEP_EQUAL ... STEP_MATCHES:
			status = step_compare(context, frame, step, step->operation, frame[step->a], frame[step->b]);
			break;
		case STEP_FIELD_EQUAL_CONSTANT ... STEP_CONSTANT_IN_FIELD:
			status = step_fused(context, code, frame, step);
			break;
		case STEP_IS_SET:
			frame[step->d] = value_bool(frame[step->a].kind != VALUE_MISSING);
			break;
		case STEP_NOT:
			frame[step->d] =
				frame[step->a].kind == VALUE_BOOL ? value_bool(!frame[step->a].integer) : frame[step->a];
			break;
		case STEP_AND:
		case STEP_OR:
			frame[step->d] = three_valued(frame[step->a], frame[step->b], step->operation == STEP_OR);
			break;
		case STEP_JUMP ... STEP_JUMP_SET:
			at = jump(frame, step, at);
			continue;
		case STEP_EACH_BEGIN:
			step_each_begin(frame, step);
			break;
		case STEP_EACH_NEXT:
			if (!step_each_next(frame, step)) {
				at = step->b;
				continue;
			}
			break;
		case STEP_EACH_COLLECT:
			status = step_collect(context, frame, step);
			break;
		case STEP_BUILTIN ... STEP_QUERY:
			status = step_call(context, code, frame, step);
			break;
		case STEP_BRANCH:
			if (context->engine->coverage)
				context->engine->coverage->branch[step->a]++;
			break;
		case STEP_STOP:
			*at_out = code->step_count;
			return OK;
		default:
			if (is_wait(step->operation)) {
				*at_out = at;
				return OK;
			}
			status = is_effect(step->operation) ? effect_run(context, code, frame, step)
							    : step_value(context, code, frame, step);
		}
		at++;
	}
	*at_out = status == OK ? at : at - 1; /* the step that failed */
	return status;
}

enum status eval_run(struct context *context, const struct code *code, struct value *frame, struct value *result_out)
{
	bool *outer = context->executed;
	uint32_t at = 0;
	context->executed = NULL; /* only the code that is asked about is observed, not what it calls */
	enum status status = eval_from(context, code, frame, &at);
	context->executed = outer;
	if (status != OK) {
		context->failed_step = at;
		return status;
	}
	CHECK(at == code->step_count); /* code that waits is run by eval_from */
	if (result_out)
		*result_out = code->result == SLOT_NONE ? value_missing() : frame[code->result];
	return OK;
}

/* --- observing */
static enum status observe_node(struct context *context, const struct code *code, const struct value *frame,
				const bool *executed, const bool *written, const struct node *node, struct observed *observed)
{
	if (node->slot != SLOT_NONE) {
		observed->evaluated = written[node->slot];
		observed->value = frame[node->slot];
		return OK;
	}
	if (node->fused_step >= code->step_count)
		return OK; /* a constant, or part of a query's condition: no step of this code has it */
	const struct step *step = &code->steps[node->fused_step];
	observed->evaluated = executed[node->fused_step];
	if (!observed->evaluated)
		return OK;
	return field_of(context, frame[step->a], step->b, &observed->value);
}

enum status eval_observed(struct context *context, const struct code *code, struct value *frame, struct value *result_out,
			  const struct observed **nodes_out)
{
	bool *executed = arena_array(context->arena, bool, code->step_count + 1);
	bool *written = arena_array(context->arena, bool, code->slot_count + 1);
	struct observed *nodes = arena_array(context->arena, struct observed, code->node_count + 1);
	uint32_t at = 0;
	*nodes_out = nodes;
	context->executed = executed;
	enum status status = eval_from(context, code, frame, &at);
	context->executed = NULL;
	for (uint32_t i = 0; i < code->parameter_count; i++)
		written[i] = true;
	for (uint32_t i = 0; i < code->step_count; i++)
		if (executed[i])
			written[code->steps[i].d] = true;
	for (uint32_t i = 0; status == OK && i < code->node_count; i++)
		status = observe_node(context, code, frame, executed, written, &code->nodes[i], &nodes[i]);
	if (status == OK && result_out)
		*result_out = code->result == SLOT_NONE ? value_missing() : frame[code->result];
	return status;
}

struct text eval_missing_path(const struct code *code, const struct value *frame, struct value result)
{
	if (result.count)
		return (struct text){result.text, result.count};
	for (uint32_t i = 0; i < code->node_count; i++) { /* a fused comparison keeps its path only in its node */
		const struct node *node = &code->nodes[i];
		if (node->slot == SLOT_NONE && node->fused_step < code->step_count &&
		    frame[code->steps[node->fused_step].d].kind == VALUE_MISSING)
			return node->source;
	}
	return (struct text){0};
}

enum status eval_record(struct context *context, const struct code *code, const struct entity *entity, struct record_id id,
			struct value *result_out)
{
	struct value *frame = frame_new(context, code);
	if (code->parameter_count)
		frame[0] = value_ref(entity->index, id);
	return eval_run(context, code, frame, result_out);
}
