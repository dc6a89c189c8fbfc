/* Expressions: one pass over the syntax, in which the type of a value is known where its step is emitted. Here: operands,
 * conversions, literals, lists and records, and the choice of who compiles the rest. Emits no effects. */
#include "dsl/compiler/expression.h"

#include <stdio.h>

/* --- small words */
const struct type *simple(struct coder *coder, enum type_kind kind)
{
	return type_simple(coder->compiler, kind);
}

struct text show(struct coder *coder, const struct type *type)
{
	return type_show(coder->compiler->arena, type);
}

struct text source_of(const struct coder *coder, const struct syntax *syntax)
{
	return syntax_source(coder->compiler, coder->file, syntax);
}

struct diagnostic *complain(struct coder *coder, enum diagnostic_code code, const struct syntax *syntax, const char *format,
			    ...)
{
	char sentence[900];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	return diagnostic_add(coder->compiler->diagnostics, code, span_of(coder, syntax), "%s", sentence);
}

const struct syntax *without_parentheses(const struct syntax *syntax)
{
	const struct syntax *inner;
	while (syntax->kind == SYNTAX_parenthesized && (inner = syntax_named(syntax, 0)))
		syntax = inner;
	return syntax;
}

/* --- operands */
struct operand operand_new(struct coder *coder, enum node_kind kind, const struct syntax *syntax, const struct type *type,
			   uint32_t slot, uint32_t first_step, const uint32_t *children, uint32_t child_count)
{
	uint32_t node = coder_node(coder, kind, syntax, type, slot, first_step, children, child_count);
	return (struct operand){.type = type, .slot = slot, .node = node};
}

struct operand operand_constant(struct coder *coder, const struct syntax *syntax, struct value value, const struct type *type)
{
	uint32_t node = coder_node(coder, NODE_VALUE, syntax, type, SLOT_NONE, coder->steps.count, NULL, 0);
	return (struct operand){.type = type,
				.is_constant = true,
				.value = value,
				.may_miss = value.kind == VALUE_MISSING,
				.currency = value.kind == VALUE_MONEY ? value.count : 0,
				.slot = SLOT_NONE,
				.node = node};
}

struct operand operand_error(struct coder *coder, const struct syntax *syntax)
{
	struct operand operand = operand_constant(coder, syntax, value_missing(), simple(coder, TYPE_ERROR));
	operand.may_miss = false;
	return operand;
}

uint32_t operand_slot(struct coder *coder, struct operand *operand)
{
	if (!operand->is_constant)
		return operand->slot;
	operand->slot = coder_slot(coder);
	operand->is_constant = false;
	coder_step(coder, STEP_CONSTANT, operand->slot, coder_constant(coder, operand->value), 0, 0);
	list_last(&coder->steps)->node = operand->node;
	coder->nodes.items[operand->node].slot = operand->slot;
	return operand->slot;
}

/* --- conversions; the node keeps showing the value as it was written */
static void convert(struct coder *coder, struct operand *operand, enum step_operation operation, uint32_t b, uint32_t c,
		    const struct type *type)
{
	uint32_t from = operand_slot(coder, operand);
	operand->slot = coder_slot(coder);
	coder_step(coder, operation, operand->slot, from, b, c);
	list_last(&coder->steps)->node = operand->node;
	operand->type = type;
}

void make_decimal(struct coder *coder, struct operand *operand)
{
	const struct type *type = simple(coder, TYPE_DECIMAL);
	if (operand->is_constant && operand->value.kind == VALUE_INT) {
		operand->value = value_number(VALUE_DECIMAL, decimal_from_int(operand->value.integer));
		operand->type = type;
	} else {
		convert(coder, operand, STEP_TO_DECIMAL, 0, 0, type);
	}
}

void make_typed(struct coder *coder, struct operand *operand, const struct type *type, bool gently)
{
	if (type->kind == TYPE_ERROR || type->kind == TYPE_DATA)
		return;
	convert(coder, operand, STEP_FROM_DATA, type_index(type), gently, type);
	if (gently)
		operand->may_miss = true;
}

void unify(struct coder *coder, struct operand *left, struct operand *right)
{
	if (left->type->kind == TYPE_INT && right->type->kind == TYPE_DECIMAL)
		make_decimal(coder, left);
	else if (left->type->kind == TYPE_DECIMAL && right->type->kind == TYPE_INT)
		make_decimal(coder, right);
	else if (left->type->kind == TYPE_DATA && right->type->kind == TYPE_DATA) {
		make_typed(coder, left, simple(coder, TYPE_TEXT), true);
		make_typed(coder, right, simple(coder, TYPE_TEXT), true);
	} else if (left->type->kind == TYPE_DATA)
		make_typed(coder, left, right->type, true);
	else if (right->type->kind == TYPE_DATA)
		make_typed(coder, right, left->type, true);
}

/* --- fitting */
static struct text fitting_hint(struct coder *coder, const struct syntax *syntax, const struct type *wanted,
				const struct type *got)
{
	struct arena *arena = coder->compiler->arena;
	struct text source = source_of(coder, syntax);
	bool number = got->kind == TYPE_INT || got->kind == TYPE_DECIMAL;
	if (wanted->kind == TYPE_MONEY && number)
		return text_format(arena, "money has a currency: 15.50 EUR");
	if (wanted->kind == TYPE_DURATION && number)
		return text_format(arena, "a duration has a unit: 30min, 4h, 2 workdays");
	if (wanted->kind == TYPE_PERCENT && number)
		return text_format(arena, "a percentage is written 19%%");
	if (wanted->kind == TYPE_ENUM && got->kind == TYPE_TEXT)
		return text_format(arena, "the values of an enum are written without quotes");
	if (wanted->kind == TYPE_TEXT && got->kind != TYPE_SECRET)
		return text_format(arena, "`text(%.*s)` makes a text of it", TEXT_ARGS(source));
	if (wanted->kind == TYPE_DATE && got->kind == TYPE_TIME)
		return text_format(arena, "`date_of(%.*s)` is its day", TEXT_ARGS(source));
	if (wanted->kind == TYPE_REF && got->kind == TYPE_TEXT)
		return text_format(arena, "`lookup(%.*s where …)` finds a record by its text", TEXT_ARGS(wanted->entity->name));
	if (wanted->kind == TYPE_RECORD && wanted->record->count == 0)
		return TEXT("");
	if (got->kind == TYPE_RECORD && got->record->count && type_fits(wanted, got->record->fields[0].type))
		return text_format(arena, "take one of its fields: `.%.*s`", TEXT_ARGS(got->record->fields[0].name));
	return TEXT("");
}

bool fit(struct coder *coder, const struct syntax *syntax, struct operand *operand, const struct type *wanted)
{
	if (is_error(operand) || wanted->kind == TYPE_ERROR)
		return !is_error(operand);
	if (operand->type->kind == TYPE_DATA && wanted->kind != TYPE_DATA) {
		make_typed(coder, operand, wanted, false);
		operand->may_miss = true;
		return true;
	}
	if (type_fits(wanted, operand->type))
		return true;
	if (wanted->kind == TYPE_DECIMAL && operand->type->kind == TYPE_INT) {
		make_decimal(coder, operand);
		return true;
	}
	struct text got = show(coder, operand->type), needed = show(coder, wanted);
	struct diagnostic *diagnostic = complain(coder, DIAGNOSTIC_TYPE_MISMATCH, syntax,
						 "this is %.*s, but %.*s is needed here", TEXT_ARGS(got), TEXT_ARGS(needed));
	diagnostic->hint = fitting_hint(coder, syntax, wanted, operand->type);
	return false;
}

struct operand expression_as(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	struct operand operand = expression(coder, syntax, wanted);
	return fit(coder, syntax, &operand, wanted) ? operand : operand_error(coder, syntax);
}

struct operand condition(struct coder *coder, const struct syntax *syntax)
{
	const struct type *wanted = simple(coder, TYPE_BOOL);
	struct operand operand = expression(coder, syntax, wanted);
	if (is_error(&operand) || operand.type->kind == TYPE_BOOL)
		return operand;
	if (operand.type->kind == TYPE_DATA) {
		make_typed(coder, &operand, wanted, true);
		return operand;
	}
	struct text source = source_of(coder, syntax), type = show(coder, operand.type);
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_NOT_A_CONDITION, syntax, "`%.*s` is %.*s, which is neither true nor false",
			 TEXT_ARGS(source), TEXT_ARGS(type));
	diagnostic->hint =
		text_format(coder->compiler->arena, "compare it with something, or write `%.*s is set`", TEXT_ARGS(source));
	return operand_error(coder, syntax);
}

void require_set(struct coder *coder, const struct syntax *syntax, const struct operand *operand, const char *what)
{
	if (!operand->may_miss || is_error(operand) || coder->allows_missing)
		return;
	struct text source = source_of(coder, syntax);
	struct diagnostic *diagnostic = complain(coder, DIAGNOSTIC_MAY_BE_MISSING, syntax,
						 "`%.*s` may be missing, but %s needs a value", TEXT_ARGS(source), what);
	if (path_of(coder, syntax).length)
		diagnostic->hint =
			text_format(coder->compiler->arena, "write `%.*s default …`, or ask before whether `%.*s is set`",
				    TEXT_ARGS(source), TEXT_ARGS(source));
	else
		diagnostic->hint = TEXT("put `default …` behind it");
}

/* --- lists and records */
static bool all_constant(const struct operand *operands, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!operands[i].is_constant)
			return false;
	return true;
}

/* LIST or RECORD of the operands: one constant when all are. */
static struct operand collect(struct coder *coder, const struct syntax *syntax, const struct type *type,
			      struct operand *operands, uint32_t count, uint32_t first_step)
{
	struct arena *arena = coder->compiler->arena;
	bool list = type->kind == TYPE_LIST;
	if (all_constant(operands, count)) {
		struct value *items = arena_array(arena, struct value, count);
		for (uint32_t i = 0; i < count; i++)
			items[i] = operands[i].value;
		struct value value = {.kind = list ? VALUE_LIST : VALUE_RECORD, .count = count, .items = items};
		return operand_constant(coder, syntax, value, type);
	}
	uint32_t *slots = arena_array(arena, uint32_t, count), *nodes = arena_array(arena, uint32_t, count);
	for (uint32_t i = 0; i < count; i++) {
		slots[i] = operand_slot(coder, &operands[i]);
		nodes[i] = operands[i].node;
	}
	uint32_t slot = coder_slot(coder);
	coder_step(coder, list ? STEP_LIST : STEP_RECORD, slot, 0, coder_operands(coder, slots, count), count);
	return operand_new(coder, NODE_OTHER, syntax, type, slot, first_step, nodes, count);
}

static const struct type *element_wanted(const struct type *wanted)
{
	return wanted && (wanted->kind == TYPE_LIST || wanted->kind == TYPE_RANGE) ? wanted->element : NULL;
}

/* The first item that knows its type says what the others are. */
static const struct type *element_type(const struct operand *items, uint32_t count, const struct type *fallback)
{
	const struct type *type = fallback;
	for (uint32_t i = 0; i < count; i++)
		if (i == 0 || items[i].type->kind == TYPE_DECIMAL)
			type = items[i].type;
	return type;
}

static struct operand list_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	LIST(struct operand) items = {0};
	LIST(const struct syntax *) places = {0};
	uint32_t first_step = coder->steps.count;
	const struct type *element = element_wanted(wanted);
	for (each_child (child, syntax)) {
		if (child->kind == SYNTAX_token || child->kind == SYNTAX_comment)
			continue;
		struct operand item = expression(coder, child, element ? element : items.count ? items.items[0].type : NULL);
		if (is_error(&item))
			return item;
		*list_add(coder->compiler->arena, &items) = item;
		*list_add(coder->compiler->arena, &places) = child;
	}
	if (!element || element->kind == TYPE_DATA || element->kind == TYPE_ERROR)
		element = element_type(items.items, items.count, simple(coder, TYPE_NOTHING));
	for (uint32_t i = 0; i < items.count; i++)
		if (!fit(coder, places.items[i], &items.items[i], element))
			return operand_error(coder, syntax);
	return collect(coder, syntax, type_list(coder->compiler, element), items.items, items.count, first_step);
}

static int64_t record_index(const struct record_type *record, struct text name)
{
	for (uint32_t i = 0; i < record->count; i++)
		if (text_equal(record->fields[i].name, name))
			return i;
	return -1;
}

static struct text assignment_name(struct coder *coder, const struct syntax *assignment)
{
	const struct syntax *name = syntax_with_role(assignment, ROLE_name);
	if (!name)
		return TEXT("");
	return name->kind == SYNTAX_string ? string_content(coder->compiler, coder->file, name)
					   : syntax_text(coder->compiler, coder->file, name);
}

static void unknown_record_field(struct coder *coder, const struct syntax *at, struct text name,
				 const struct record_type *record)
{
	struct text *names = arena_array(coder->compiler->arena, struct text, record->count + 1);
	for (uint32_t i = 0; i < record->count; i++)
		names[i] = record->fields[i].name;
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_UNKNOWN_FIELD, at, "the record has no field `%.*s`", TEXT_ARGS(name));
	suggest(coder->compiler, diagnostic, name, names, record->count);
}

/* A record whose fields are known; those left out are not set. */
static struct operand record_wanted(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	const struct record_type *record = wanted->record;
	uint32_t first_step = coder->steps.count;
	bool failed = false;
	struct operand *items = arena_array(coder->compiler->arena, struct operand, record->count);
	for (each_child (child, syntax)) {
		if (child->kind != SYNTAX_assignment)
			continue;
		struct text name = assignment_name(coder, child);
		const struct syntax *value = syntax_value(child);
		int64_t index = record_index(record, name);
		if (index < 0)
			unknown_record_field(coder, child, name, record);
		else if (items[index].type)
			complain(coder, DIAGNOSTIC_ITEM_TWICE, child, "`%.*s` is given twice", TEXT_ARGS(name));
		failed = failed || index < 0 || items[index].type || !value;
		if (value && index >= 0)
			items[index] = expression_as(coder, value, record->fields[index].type);
	}
	for (uint32_t i = 0; i < record->count; i++) {
		if (!items[i].type)
			items[i] = operand_constant(coder, syntax, value_missing(), record->fields[i].type);
		failed = failed || is_error(&items[i]);
	}
	return failed ? operand_error(coder, syntax) : collect(coder, syntax, wanted, items, record->count, first_step);
}

static struct operand record_free(struct coder *coder, const struct syntax *syntax)
{
	LIST(struct operand) items = {0};
	LIST(struct record_field) fields = {0};
	struct arena *arena = coder->compiler->arena;
	uint32_t first_step = coder->steps.count;
	for (each_child (child, syntax)) {
		const struct syntax *value = child->kind == SYNTAX_assignment ? syntax_value(child) : NULL;
		if (!value)
			continue;
		struct operand item = expression(coder, value, NULL);
		if (is_error(&item))
			return item;
		*list_add(arena, &fields) = (struct record_field){assignment_name(coder, child), item.type, !item.may_miss};
		*list_add(arena, &items) = item;
	}
	const struct type *type = type_record(coder->compiler, fields.items, fields.count);
	return collect(coder, syntax, type, items.items, items.count, first_step);
}

static struct operand record_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	if (wanted && wanted->kind == TYPE_RECORD)
		return record_wanted(coder, syntax, wanted);
	return record_free(coder, syntax);
}

/* --- what does not depend on the row is computed outside, once */
static bool depends_on_row(const struct coder *coder, const struct syntax *syntax)
{
	for (const struct syntax *at = syntax; at < syntax + syntax->size; at++)
		if (at->kind == SYNTAX_identifier && (at == syntax || at->role != ROLE_name) &&
		    text_equal(syntax_text(coder->compiler, coder->file, at), coder->row_name))
			return true;
	return false;
}

static struct operand hoist(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	for (uint32_t i = 0; i < coder->hoisted.count; i++)
		if (coder->hoisted.items[i].syntax == syntax)
			return coder->hoisted.items[i].operand;
	bool tolerant = coder->outer->allows_missing;
	coder->outer->allows_missing = tolerant || coder->allows_missing;
	struct operand value = expression(coder->outer, syntax, wanted);
	coder->outer->allows_missing = tolerant;
	if (is_error(&value))
		return operand_error(coder, syntax);
	if (value.type->kind == TYPE_DATA && wanted && wanted->kind != TYPE_LIST && wanted->kind != TYPE_RANGE)
		make_typed(coder->outer, &value, wanted, true);
	struct operand inner;
	if (value.is_constant) {
		inner = operand_constant(coder, syntax, value.value, value.type);
	} else {
		uint32_t slot = coder_captured(coder, operand_slot(coder->outer, &value));
		enum node_kind kind = path_of(coder, syntax).length ? NODE_PATH : NODE_VALUE;
		inner = operand_new(coder, kind, syntax, value.type, slot, coder->steps.count, NULL, 0);
	}
	inner.may_miss = value.may_miss;
	inner.currency = value.currency;
	*list_add(coder->compiler->arena, &coder->hoisted) = (struct hoisted){.syntax = syntax, .operand = inner};
	return inner;
}

/* --- the choice */
static bool is_literal(uint16_t kind)
{
	return kind == SYNTAX_true || kind == SYNTAX_false || kind == SYNTAX_number || kind == SYNTAX_percent ||
	       kind == SYNTAX_money || kind == SYNTAX_duration || kind == SYNTAX_date || kind == SYNTAX_time_of_day ||
	       kind == SYNTAX_moment;
}

static struct operand literal_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	struct value value;
	const struct type *type;
	if (!literal_read(coder->compiler, coder->file, syntax, &value, &type))
		return operand_error(coder, syntax);
	struct operand operand = operand_constant(coder, syntax, value, type);
	if (wanted && wanted->kind == TYPE_DECIMAL && type->kind == TYPE_INT)
		make_decimal(coder, &operand);
	return operand;
}

static struct operand compute(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	const struct syntax *inner;
	switch (syntax->kind) {
	case SYNTAX_identifier:
		return name_expression(coder, syntax, wanted);
	case SYNTAX_member:
		return member_expression(coder, syntax, wanted);
	case SYNTAX_invocation:
		return call_expression(coder, syntax, wanted);
	case SYNTAX_binary:
		return binary_expression(coder, syntax, wanted);
	case SYNTAX_unary:
		return unary_expression(coder, syntax, wanted);
	case SYNTAX_presence:
		return presence_expression(coder, syntax);
	case SYNTAX_conditional:
		return conditional_expression(coder, syntax, wanted);
	case SYNTAX_case:
		return case_expression(coder, syntax, wanted);
	case SYNTAX_list:
		return list_expression(coder, syntax, wanted);
	case SYNTAX_record:
		return record_expression(coder, syntax, wanted);
	case SYNTAX_string:
	case SYNTAX_text_block:
		return string_expression(coder, syntax);
	case SYNTAX_parenthesized:
		inner = syntax_named(syntax, 0);
		return inner ? expression(coder, inner, wanted) : operand_error(coder, syntax);
	default:
		return operand_error(coder, syntax);
	}
}

struct operand expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	if (is_literal(syntax->kind))
		return literal_expression(coder, syntax, wanted);
	if (syntax->kind == SYNTAX_missing) {
		struct text word = syntax_text(coder->compiler, coder->file, syntax);
		complain(coder, DIAGNOSTIC_OPERAND, syntax, "a value is missing after `%.*s`", TEXT_ARGS(word));
		return operand_error(coder, syntax);
	}
	if (coder->outer && !depends_on_row(coder, syntax))
		return hoist(coder, syntax, wanted);
	return compute(coder, syntax, wanted);
}

const struct code *code_for_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted,
				       struct operand *result_out)
{
	struct operand operand = wanted ? expression_as(coder, syntax, wanted) : expression(coder, syntax, NULL);
	if (result_out)
		*result_out = operand;
	if (is_error(&operand))
		return NULL;
	uint32_t slot = operand_slot(coder, &operand);
	if (result_out)
		result_out->slot = slot;
	return coder_finish(coder, slot, operand.node);
}
