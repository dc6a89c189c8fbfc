/* if … then … else and case: one of several values. Every way through writes the same slot, so a choice inside a loop never
 * shows what an earlier round left. */
#include "dsl/compiler/expression.h"

/* The values a choice may come to: the first one sets the type, INT widens to DECIMAL. */
struct outcome_values {
	uint32_t slot;
	const struct type *type;
	bool may_miss, failed;
	uint32_t currency;
	LIST(uint32_t) copies; /* steps that write the slot */
	LIST(uint32_t) nodes;
};

static void widen_copies(struct coder *coder, struct outcome_values *values)
{
	for (uint32_t i = 0; i < values->copies.count; i++)
		if (coder->steps.items[values->copies.items[i]].operation == STEP_COPY)
			coder->steps.items[values->copies.items[i]].operation = STEP_TO_DECIMAL;
	values->type = simple(coder, TYPE_DECIMAL);
}

static void outcome(struct coder *coder, struct outcome_values *values, const struct syntax *syntax, const struct type *wanted)
{
	struct operand value = expression(coder, syntax, wanted ? wanted : values->type);
	if (is_error(&value)) {
		values->failed = true;
		return;
	}
	bool nothing = value.is_constant && value.value.kind == VALUE_MISSING;
	if (values->type && values->type->kind == TYPE_INT && value.type->kind == TYPE_DECIMAL)
		widen_copies(coder, values);
	else if (wanted && wanted->kind != TYPE_DATA)
		values->failed = !fit(coder, syntax, &value, wanted) || values->failed;
	else if (values->type && !nothing)
		values->failed = !fit(coder, syntax, &value, values->type) || values->failed;
	if (values->failed)
		return;
	values->currency = !values->copies.count || values->currency == value.currency ? value.currency : 0;
	if (!nothing && (!values->type || (values->type->kind == TYPE_LIST && values->type->element->kind == TYPE_NOTHING)))
		values->type = value.type;
	values->may_miss = values->may_miss || value.may_miss;
	*list_add(coder->compiler->arena, &values->nodes) = value.node;
	uint32_t copy = coder_step(coder, STEP_COPY, values->slot, operand_slot(coder, &value), 0, 0);
	*list_add(coder->compiler->arena, &values->copies) = copy;
}

static struct operand chosen(struct coder *coder, const struct syntax *syntax, const struct outcome_values *values,
			     uint32_t first_step)
{
	if (values->failed)
		return operand_error(coder, syntax);
	const struct type *type = values->type ? values->type : simple(coder, TYPE_NOTHING);
	struct operand operand = operand_new(coder, NODE_OTHER, syntax, type, values->slot, first_step, values->nodes.items,
					     values->nodes.count);
	operand.may_miss = values->may_miss;
	operand.currency = values->currency;
	return operand;
}

struct operand conditional_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	const struct syntax *test = syntax_named(syntax, 0), *then = syntax_named(syntax, 1),
			    *otherwise = syntax_named(syntax, 2);
	if (!test || !then || !otherwise)
		return operand_error(coder, syntax);
	uint32_t first_step = coder->steps.count, mark = facts_mark(coder);
	struct outcome_values values = {.slot = coder_slot(coder)};
	struct operand truth = condition(coder, test);
	values.failed = is_error(&truth);
	*list_add(coder->compiler->arena, &values.nodes) = truth.node;
	uint32_t jump = coder_jump(coder, STEP_JUMP_NOT_TRUE, operand_slot(coder, &truth));
	coder_branch(coder, test, NULL);
	facts_add(coder, test);
	outcome(coder, &values, then, wanted);
	facts_reset(coder, mark);
	uint32_t end = coder_jump(coder, STEP_JUMP, 0);
	coder_land(coder, jump);
	coder_branch(coder, otherwise, "else");
	facts_add_else(coder, test);
	outcome(coder, &values, otherwise, wanted);
	facts_reset(coder, mark);
	coder_land(coder, end);
	return chosen(coder, syntax, &values, first_step);
}

/* --- case */
struct operand test_of(struct coder *coder, const struct syntax *test, struct operand subject)
{
	uint32_t first_step = coder->steps.count;
	static const struct operator_word EQUAL = {"==", OPERATOR_COMPARE, STEP_EQUAL}, IN = {"in", OPERATOR_COMPARE, STEP_IN};
	const struct operator_word *word = &EQUAL;
	const struct syntax *value = test;
	bool negated = false;
	if (test->kind == SYNTAX_partial) {
		word = operator_of(coder, test, &negated);
		value = syntax_named(test, 0);
		if (!word || !value)
			return operand_error(coder, test);
	} else if (test->kind == SYNTAX_binary && syntax_has_word(coder->compiler, coder->file, test, "..")) {
		word = &IN;
	}
	const struct type *wanted = other_side(coder, value->kind == SYNTAX_list && word == &EQUAL ? &IN : word, subject.type);
	struct operand right = expression(coder, value, subject.type->kind == TYPE_DATA ? NULL : wanted);
	if (test->kind != SYNTAX_partial && (right.type->kind == TYPE_LIST || right.type->kind == TYPE_RANGE) &&
	    subject.type->kind != TYPE_LIST)
		word = &IN;
	return compared(coder, test, word, negated, subject, right, first_step);
}

static bool is_arm_end(const struct coder *coder, const struct syntax *child)
{
	return child->kind == SYNTAX_token && text_is(syntax_text(coder->compiler, coder->file, child), "->");
}

/* STEP_BRANCH named by the arm's tests. */
static void branch_of_arm(struct coder *coder, const struct syntax *arm)
{
	struct compiler *compiler = coder->compiler;
	coder_branch(coder, arm, "else");
	for (each_child (child, arm)) {
		if (!is_arm_end(coder, child))
			continue;
		struct syntax tests = *arm;
		tests.end = child->start;
		tests.size = 1;
		list_last(&compiler->branches)->source = syntax_source(compiler, coder->file, &tests);
		list_last(&compiler->branches)->span = span_of(coder, &tests);
		return;
	}
}

struct case_state {
	struct operand subject;
	LIST(uint32_t) ends; /* jumps behind the last arm */
	uint64_t covered;    /* ordinals of an enum that have an arm */
	bool has_else;
};

/* Which values of an enum a test covers: for the question whether an `else` is needed. */
static void cover(struct coder *coder, struct case_state *state, const struct syntax *test)
{
	const struct type *type = state->subject.type;
	struct value value;
	if (type->kind == TYPE_ENUM && type->enumeration->count <= 64 && test->kind == SYNTAX_identifier &&
	    enum_constant(coder, type, syntax_text(coder->compiler, coder->file, test), &value))
		state->covered |= UINT64_C(1) << value.count;
}

/* Jumps to the arm's value from each test that holds, and answers the jump to the next arm. */
static bool arm_tests(struct coder *coder, const struct syntax *arm, struct case_state *state, uint32_t *next_out, bool *failed)
{
	LIST(uint32_t) hits = {0};
	uint32_t slot = SLOT_NONE;
	for (each_child (child, arm)) {
		if (is_arm_end(coder, child))
			break;
		if (child->kind == SYNTAX_token || child->kind == SYNTAX_comment)
			continue;
		if (slot != SLOT_NONE)
			*list_add(coder->compiler->arena, &hits) = coder_jump(coder, STEP_JUMP_TRUE, slot);
		struct operand truth = test_of(coder, child, state->subject);
		*failed = *failed || is_error(&truth);
		slot = operand_slot(coder, &truth);
		cover(coder, state, child);
	}
	if (slot == SLOT_NONE)
		return false;
	*next_out = coder_jump(coder, STEP_JUMP_NOT_TRUE, slot);
	for (uint32_t i = 0; i < hits.count; i++)
		coder_land(coder, hits.items[i]);
	return true;
}

static const struct syntax *arm_value(const struct coder *coder, const struct syntax *arm)
{
	bool after = false;
	for (each_child (child, arm)) {
		if (after && child->kind != SYNTAX_token && child->kind != SYNTAX_comment)
			return child;
		after = after || is_arm_end(coder, child);
	}
	return NULL;
}

static void arm_expression(struct coder *coder, const struct syntax *arm, struct case_state *state,
			   struct outcome_values *values, const struct type *wanted)
{
	const struct syntax *value = arm_value(coder, arm);
	if (state->has_else) {
		complain(coder, DIAGNOSTIC_ITEM_TWICE, arm, "nothing can be reached behind `else`");
		values->failed = true;
		return;
	}
	uint32_t next = 0;
	bool tested = arm_tests(coder, arm, state, &next, &values->failed);
	state->has_else = !tested;
	branch_of_arm(coder, arm);
	if (value)
		outcome(coder, values, value, wanted);
	*list_add(coder->compiler->arena, &state->ends) = coder_jump(coder, STEP_JUMP, 0);
	if (tested)
		coder_land(coder, next);
}

static bool covers_all(const struct case_state *state)
{
	const struct type *type = state->subject.type;
	if (type->kind != TYPE_ENUM || type->enumeration->count > 64 || state->subject.may_miss)
		return false;
	return state->covered == (type->enumeration->count == 64 ? UINT64_MAX : (UINT64_C(1) << type->enumeration->count) - 1);
}

struct operand case_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	const struct syntax *subject = syntax_named(syntax, 0);
	uint32_t first_step = coder->steps.count;
	struct case_state state = {.subject = subject ? expression(coder, subject, NULL) : operand_error(coder, syntax)};
	struct outcome_values values = {.slot = coder_slot(coder), .failed = is_error(&state.subject)};
	*list_add(coder->compiler->arena, &values.nodes) = state.subject.node;
	operand_slot(coder, &state.subject);
	state.subject.stays = true;
	for (each_child (child, syntax))
		if (child->kind == SYNTAX_arm)
			arm_expression(coder, child, &state, &values, wanted);
	if (!state.ends.count && !values.failed) {
		complain(coder, DIAGNOSTIC_OPERAND, syntax, "the `case` has no arm: `\"A\" -> x`");
		return operand_error(coder, syntax);
	}
	if (!state.has_else) {
		coder_step(coder, STEP_CONSTANT, values.slot, coder_constant(coder, value_missing()), 0, 0);
		values.may_miss = values.may_miss || !covers_all(&state);
	}
	for (uint32_t i = 0; i < state.ends.count; i++)
		coder_land(coder, state.ends.items[i]);
	return chosen(coder, syntax, &values, first_step);
}
