/* Calls: who is meant by a name before a bracket, and its arguments by position or by name. builtin.c knows the built-in
 * ones, query.c those over an entity. */
#include "dsl/compiler/expression.h"

#include <stdio.h>

/* --- arguments */
static int64_t parameter_named(const struct record_field *parameters, uint32_t count, struct text name)
{
	for (uint32_t i = 0; i < count; i++)
		if (text_equal(parameters[i].name, name))
			return i;
	return -1;
}

static void unknown_argument(struct coder *coder, const struct syntax *argument, struct text name, struct text what,
			     const struct record_field *parameters, uint32_t count)
{
	struct text *names = arena_array(coder->compiler->arena, struct text, count + 1);
	for (uint32_t i = 0; i < count; i++)
		names[i] = parameters[i].name;
	struct diagnostic *diagnostic = complain(coder, DIAGNOSTIC_ARGUMENTS, argument, "`%.*s` has no parameter `%.*s`",
						 TEXT_ARGS(what), TEXT_ARGS(name));
	suggest(coder->compiler, diagnostic, name, names, count);
}

static void wrong_count(struct coder *coder, const struct syntax *invocation, struct text what,
			const struct record_field *parameters, uint32_t count)
{
	struct text_builder list = {.arena = coder->compiler->arena};
	for (uint32_t i = 0; i < count; i++) {
		struct text type = show(coder, parameters[i].type);
		builder_format(&list, "%s%.*s %.*s", i ? ", " : "", TEXT_ARGS(parameters[i].name), TEXT_ARGS(type));
	}
	complain(coder, DIAGNOSTIC_ARGUMENTS, invocation, "`%.*s` takes other arguments", TEXT_ARGS(what))->hint =
		text_format(coder->compiler->arena, "%.*s(%.*s)", TEXT_ARGS(what), TEXT_ARGS(builder_text(&list)));
}

/* Which syntax gives which parameter. */
static bool arguments_match(struct coder *coder, const struct syntax *invocation, const struct record_field *parameters,
			    uint32_t count, struct text what, const struct syntax **given)
{
	uint32_t position = 0;
	for (each_child (child, invocation)) {
		if (child->kind == SYNTAX_token || child->kind == SYNTAX_comment || child->role == ROLE_function)
			continue;
		int64_t index = position;
		const struct syntax *value = child;
		if (child->kind == SYNTAX_named_argument) {
			const struct syntax *name = syntax_with_role(child, ROLE_name);
			struct text text = name ? syntax_text(coder->compiler, coder->file, name) : TEXT("");
			index = parameter_named(parameters, count, text);
			value = syntax_value(child);
			if (index < 0) {
				unknown_argument(coder, child, text, what, parameters, count);
				return false;
			}
		} else {
			position++;
		}
		if (index >= count || given[index] || !value || child->kind == SYNTAX_query) {
			wrong_count(coder, invocation, what, parameters, count);
			return false;
		}
		given[index] = value;
	}
	for (uint32_t i = 0; i < count; i++)
		if (!given[i]) {
			wrong_count(coder, invocation, what, parameters, count);
			return false;
		}
	return true;
}

/* As arguments_read, and the nodes of the arguments. */
static bool arguments_compile(struct coder *coder, const struct syntax *invocation, const struct record_field *parameters,
			      uint32_t count, struct text what, uint32_t *slots, uint32_t *nodes, bool *may_miss)
{
	const struct syntax **given = arena_array(coder->compiler->arena, const struct syntax *, count);
	bool fine = arguments_match(coder, invocation, parameters, count, what, given);
	*may_miss = false;
	for (uint32_t i = 0; i < count && fine; i++) {
		struct operand operand = expression_as(coder, given[i], parameters[i].type);
		char place[200];
		snprintf(place, sizeof(place), "the parameter `%.*s` of `%.*s`", TEXT_ARGS(parameters[i].name),
			 TEXT_ARGS(what));
		uint32_t errors = coder->compiler->diagnostics->errors;
		require_set(coder, given[i], &operand, place);
		*may_miss = *may_miss || operand.may_miss;
		fine = !is_error(&operand) && errors == coder->compiler->diagnostics->errors;
		slots[i] = operand_slot(coder, &operand);
		nodes[i] = operand.node;
	}
	return fine;
}

bool arguments_read(struct coder *coder, const struct syntax *invocation, const struct record_field *parameters,
		    uint32_t parameter_count, struct text what, uint32_t *slots_out, bool *may_miss_out)
{
	uint32_t *nodes = arena_array(coder->compiler->arena, uint32_t, parameter_count);
	return arguments_compile(coder, invocation, parameters, parameter_count, what, slots_out, nodes, may_miss_out);
}

/* --- define, table, script */
static void reads_of_callee(struct coder *coder, const struct function_note *note)
{
	for (uint32_t i = 0; coder->footprint && i < note->footprint.reads.count; i++)
		*list_add(coder->compiler->arena, &coder->footprint->reads) = note->footprint.reads.items[i];
}

static struct operand circle(struct coder *coder, const struct syntax *syntax, const struct declaration *declaration)
{
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_CYCLE, syntax, "`%.*s` needs itself to be computed", TEXT_ARGS(declaration->name));
	if (declaration->syntax)
		diagnostic->other = span_in(declaration->file, declaration->syntax);
	return operand_error(coder, syntax);
}

static bool callee_ready(struct coder *coder, struct declaration *declaration, const struct function_note *note)
{
	if (note->kind == FUNCTION_DEFINE)
		return function_need(coder->compiler, declaration);
	if (note->kind == FUNCTION_TABLE)
		return table_need(coder->compiler, declaration);
	return true;
}

struct operand define_value(struct coder *coder, const struct syntax *syntax, struct declaration *declaration)
{
	const struct function_note *note = declaration->object;
	uint32_t first_step = coder->steps.count;
	if (!callee_ready(coder, declaration, note))
		return circle(coder, syntax, declaration);
	if (!note->result || note->result->kind == TYPE_ERROR)
		return operand_error(coder, syntax);
	if (note->is_constant)
		return operand_constant(coder, syntax, note->constant, note->result);
	reads_of_callee(coder, note);
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_DEFINE, slot, declaration->index, coder_operands(coder, NULL, 0), 0);
	struct operand result = operand_new(coder, NODE_CALL, syntax, note->result, slot, first_step, NULL, 0);
	result.may_miss = note->may_miss;
	return result;
}

/* A table with one output may stand where its value is wanted. */
static struct operand single_output(struct coder *coder, const struct syntax *syntax, struct operand record,
				    const struct type *wanted, uint32_t first_step)
{
	const struct record_type *outputs = record.type->record;
	if (!wanted || wanted->kind == TYPE_RECORD || wanted->kind == TYPE_DATA || outputs->count != 1)
		return record;
	uint32_t slot = coder_slot(coder), path = coder_constant(coder, value_text(source_of(coder, syntax))),
		 node = record.node;
	coder_step(coder, STEP_FIELD, slot, record.slot, 0, path);
	struct operand value = operand_new(coder, NODE_PATH, syntax, outputs->fields[0].type, slot, first_step, &node, 1);
	value.may_miss = !outputs->fields[0].required;
	value.stays = true;
	return value;
}

static struct operand function_call(struct coder *coder, const struct syntax *syntax, struct declaration *declaration,
				    const struct type *wanted)
{
	static const enum step_operation STEPS[] = {
		[FUNCTION_DEFINE] = STEP_DEFINE, [FUNCTION_TABLE] = STEP_TABLE, [FUNCTION_SCRIPT] = STEP_SCRIPT};
	const struct function_note *note = declaration->object;
	uint32_t count = note->parameter_count, first_step = coder->steps.count;
	uint32_t *slots = arena_array(coder->compiler->arena, uint32_t, count);
	uint32_t *nodes = arena_array(coder->compiler->arena, uint32_t, count);
	bool may_miss;
	if (!callee_ready(coder, declaration, note))
		return circle(coder, syntax, declaration);
	if (!arguments_compile(coder, syntax, note->parameters, count, declaration->name, slots, nodes, &may_miss))
		return operand_error(coder, syntax);
	if (!note->result || note->result->kind == TYPE_ERROR)
		return operand_error(coder, syntax);
	reads_of_callee(coder, note);
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEPS[note->kind], slot, declaration->index, coder_operands(coder, slots, count), count);
	struct operand result = operand_new(coder, NODE_CALL, syntax, note->result, slot, first_step, nodes, count);
	result.may_miss = note->may_miss || (may_miss && note->kind != FUNCTION_TABLE);
	return note->kind == FUNCTION_TABLE ? single_output(coder, syntax, result, wanted, first_step) : result;
}

/* --- changed(x.field) */
static const struct field *changed_field(struct coder *coder, const struct syntax *argument)
{
	const struct syntax *object = argument && argument->kind == SYNTAX_member ? syntax_named(argument, 0) : NULL;
	const struct syntax *name = object ? syntax_with_role(argument, ROLE_name) : NULL;
	const struct variable *variable = object && object->kind == SYNTAX_identifier
						  ? coder_find(coder, syntax_text(coder->compiler, coder->file, object))
						  : NULL;
	if (!variable || variable->slot != SLOT_EVENT || !name) {
		complain(coder, DIAGNOSTIC_ARGUMENTS, argument,
			 "`changed` asks about a field of the event's record: `changed(x.status)`");
		return NULL;
	}
	struct text text = syntax_text(coder->compiler, coder->file, name);
	const struct field *field = entity_field(coder->event->entity, text);
	if (field)
		return field;
	struct diagnostic *diagnostic = complain(coder, DIAGNOSTIC_UNKNOWN_FIELD, name, "no field `%.*s` on %.*s",
						 TEXT_ARGS(text), TEXT_ARGS(coder->event->entity->name));
	suggest_from_map(coder->compiler, diagnostic, text, &coder->event->entity->field_by_name);
	return NULL;
}

static struct operand changed_call(struct coder *coder, const struct syntax *syntax)
{
	uint32_t first_step = coder->steps.count;
	if (!coder->event || coder->event->origin != EVENT_UPDATED) {
		complain(coder, DIAGNOSTIC_NOT_A_VALUE, syntax, "`changed` is known only in rules on NAME.updated");
		return operand_error(coder, syntax);
	}
	const struct syntax *argument = syntax_named(syntax, 1);
	const struct field *field = changed_field(coder, argument ? argument : syntax);
	if (!field)
		return operand_error(coder, syntax);
	reads_add(coder, coder->event->entity, field);
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_CHANGED, slot, field->index, 0, 0);
	return operand_new(coder, NODE_CALL, syntax, simple(coder, TYPE_BOOL), slot, first_step, NULL, 0);
}

/* --- who is meant */
static struct operand unknown_function(struct coder *coder, const struct syntax *at, struct text name)
{
	struct compiler *compiler = coder->compiler;
	if (map_get(&compiler->spaces[SPACE_ACTION], name)) {
		complain(coder, DIAGNOSTIC_NOT_A_VALUE, at,
			 "`%.*s` acts on the outside world: it stands in a statement, `call %.*s(…)`", TEXT_ARGS(name),
			 TEXT_ARGS(name));
		return operand_error(coder, at);
	}
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_UNKNOWN_FUNCTION, at, "there is no function `%.*s`", TEXT_ARGS(name));
	text_list names = {0};
	builtin_names(compiler, &names);
	const struct map *functions = &compiler->spaces[SPACE_FUNCTION];
	for (uint32_t i = 0; compiler->diagnostics->errors <= DIAGNOSTIC_LIMIT && i < functions->capacity; i++)
		if (functions->entries[i].value)
			*list_add(compiler->arena, &names) = functions->entries[i].key;
	suggest(compiler, diagnostic, name, names.items, names.count);
	return operand_error(coder, at);
}

static struct text module_of(const struct coder *coder)
{
	return coder->file < coder->compiler->input_count ? coder->compiler->inputs[coder->file].module : TEXT("");
}

struct operand call_expression(struct coder *coder, const struct syntax *invocation, const struct type *wanted)
{
	const struct syntax *function = syntax_with_role(invocation, ROLE_function);
	if (!function)
		return operand_error(coder, invocation);
	struct text name = source_of(coder, function);
	if (is_query(coder, invocation, name))
		return query_expression(coder, invocation, name);
	if (text_is(name, "changed"))
		return changed_call(coder, invocation);
	struct declaration *declaration = name_find(coder->compiler, SPACE_FUNCTION, module_of(coder), name);
	if (declaration && declaration->object)
		return function_call(coder, invocation, declaration, wanted);
	struct operand result;
	if (builtin_expression(coder, invocation, name, wanted, &result))
		return result;
	struct declaration *other = name_find(coder->compiler, SPACE_OTHER, module_of(coder), name);
	if (other && other->syntax->kind == SYNTAX_metric)
		return operand_error(coder, invocation); /* checked where it is declared; not executed yet */
	return unknown_function(coder, function, name);
}
