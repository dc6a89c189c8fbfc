/* `x default y`: the fallback is only computed when it is needed. It binds weaker than all that may stand beside it, which is
 * said where the author may have meant the other reading. */
#include "dsl/compiler/expression.h"

static struct operand default_value(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
static void reading_tell(struct coder *coder, const struct syntax *syntax, uint32_t first_diagnostic);

struct operand default_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	uint32_t first_diagnostic = coder->compiler->diagnostics->items.count;
	struct operand operand = default_value(coder, syntax, wanted);
	reading_tell(coder, syntax, first_diagnostic);
	return operand;
}

/* --- the value */
/* A document's value takes the type of the fallback. Its step stands before the fallback's, so it is written down before the
 * type is known. */
static uint32_t typed_later(struct coder *coder, struct operand *left)
{
	uint32_t from = operand_slot(coder, left);
	left->slot = coder_slot(coder);
	return coder_step(coder, STEP_COPY, left->slot, from, 0, 0);
}

static void type_now(struct coder *coder, uint32_t step, const struct type *type)
{
	coder->steps.items[step].operation = STEP_FROM_DATA;
	coder->steps.items[step].b = type_index(type);
	coder->steps.items[step].c = 1;
}

/* INT default DECIMAL is DECIMAL: the copy of the INT becomes a conversion. */
static void widen(struct coder *coder, uint32_t copy)
{
	coder->steps.items[copy].operation = STEP_TO_DECIMAL;
}

static struct operand default_value(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	const struct syntax *first = syntax_named(syntax, 0), *second = syntax_named(syntax, 1);
	uint32_t first_step = coder->steps.count;
	bool tolerant = coder->allows_missing;
	coder->allows_missing = true; /* what is missing inside makes the whole missing, and then the fallback holds */
	struct operand left =
		expression(coder, first, needs_hint(coder, first) || first->kind == SYNTAX_invocation ? wanted : NULL);
	coder->allows_missing = tolerant;
	if (is_error(&left))
		return left;
	if (left.type->kind == TYPE_NOTHING) {
		complain(coder, DIAGNOSTIC_OPERATOR_TYPES, syntax,
			 "nothing is ever set before this `default`; write what stands behind it alone");
		return operand_error(coder, syntax);
	}
	bool document = left.type->kind == TYPE_DATA;
	uint32_t nodes[2] = {left.node}, typing = document ? typed_later(coder, &left) : 0;
	uint32_t result = coder_slot(coder), copy = coder_step(coder, STEP_COPY, result, operand_slot(coder, &left), 0, 0);
	uint32_t jump = coder_jump(coder, STEP_JUMP_SET, result);
	bool widens = left.type->kind == TYPE_INT;
	struct operand right = expression(coder, second, document ? wanted : left.type);
	if (is_error(&right))
		return right;
	const struct type *type = left.type;
	if (document && right.type->kind != TYPE_DATA)
		type_now(coder, typing, type = right.type);
	else if (widens && right.type->kind == TYPE_DECIMAL)
		widen(coder, copy), type = right.type;
	else if (!fit(coder, second, &right, left.type))
		return operand_error(coder, syntax);
	if (type->kind == TYPE_LIST && type->element->kind == TYPE_NOTHING)
		type = right.type;
	nodes[1] = right.node;
	coder_step(coder, STEP_COPY, result, operand_slot(coder, &right), 0, 0);
	coder_land(coder, jump);
	struct operand operand = operand_new(coder, NODE_OTHER, syntax, type, result, first_step, nodes, 2);
	operand.may_miss = left.may_miss && right.may_miss;
	operand.currency = left.currency == right.currency ? left.currency : 0;
	return operand;
}

/* --- the two readings */
struct reading {
	struct text is, other; /* with the parentheses that say so */
};

static bool is_true_or_false(const struct syntax *syntax)
{
	return syntax->kind == SYNTAX_true || syntax->kind == SYNTAX_false;
}

static enum operator family_of(struct coder *coder, const struct syntax *syntax)
{
	bool negated;
	const struct operator_word *word = syntax->kind == SYNTAX_binary ? operator_of(coder, syntax, &negated) : NULL;
	return word ? word->family : syntax->kind == SYNTAX_presence ? OPERATOR_COMPARE : OPERATOR_NONE;
}

static bool may_mislead(enum operator family)
{
	return family == OPERATOR_AND || family == OPERATOR_OR || family == OPERATOR_COMPARE;
}

/* `a and b default c`, `not a default b`: only the nearer part may be meant to have the fallback. */
static bool left_reading(struct coder *coder, const struct syntax *syntax, struct reading *reading_out)
{
	const struct syntax *first = syntax_named(syntax, 0), *second = syntax_named(syntax, 1);
	const struct syntax *nearer = syntax_named(first, first->kind == SYNTAX_binary ? 1 : 0);
	enum operator family = first->kind == SYNTAX_binary ? family_of(coder, first) : OPERATOR_NONE;
	bool negation = first->kind == SYNTAX_unary && syntax_has_word(coder->compiler, coder->file, first, "not");
	if (!nearer || !(negation || may_mislead(family)))
		return false;
	/* a comparison that is false when something is not set: only this can be meant */
	if (family == OPERATOR_COMPARE && (is_true_or_false(second) || may_mislead(family_of(coder, second))))
		return false;
	struct text whole = syntax_text(coder->compiler, coder->file, syntax);
	uint32_t near = nearer->start - syntax->start, left = first->end - syntax->start;
	struct text parts[] = {text_slice(whole, 0, left), text_slice(whole, left, whole.length), text_slice(whole, 0, near),
			       text_slice(whole, near, whole.length)};
	reading_out->is = text_format(coder->compiler->arena, "(%.*s)%.*s", TEXT_ARGS(parts[0]), TEXT_ARGS(parts[1]));
	reading_out->other = text_format(coder->compiler->arena, "%.*s(%.*s)", TEXT_ARGS(parts[2]), TEXT_ARGS(parts[3]));
	return true;
}

/* `a default b and c`, `a default 0 > 5`: only the nearer part may be meant as the fallback. */
static bool right_reading(struct coder *coder, const struct syntax *syntax, struct reading *reading_out)
{
	const struct syntax *second = syntax_named(syntax, 1), *nearer = syntax_named(second, 0);
	if (!nearer || !may_mislead(family_of(coder, second)))
		return false;
	struct text whole = syntax_text(coder->compiler, coder->file, syntax);
	uint32_t right = second->start - syntax->start, near = nearer->end - syntax->start;
	struct text parts[] = {text_slice(whole, 0, right), text_slice(whole, right, whole.length), text_slice(whole, 0, near),
			       text_slice(whole, near, whole.length)};
	reading_out->is = text_format(coder->compiler->arena, "%.*s(%.*s)", TEXT_ARGS(parts[0]), TEXT_ARGS(parts[1]));
	reading_out->other = text_format(coder->compiler->arena, "(%.*s)%.*s", TEXT_ARGS(parts[2]), TEXT_ARGS(parts[3]));
	return true;
}

/* Where the fallback's type does not fit, the other reading is what is to be done, and no second message. */
static bool hint_put(struct coder *coder, const struct syntax *second, uint32_t first_diagnostic, const struct reading *reading)
{
	struct diagnostics *diagnostics = coder->compiler->diagnostics;
	for (uint32_t i = first_diagnostic; i < diagnostics->items.count; i++) {
		struct diagnostic *diagnostic = &diagnostics->items.items[i];
		if (diagnostic->code != DIAGNOSTIC_TYPE_MISMATCH || diagnostic->span.start != second->start ||
		    diagnostic->span.end != second->end)
			continue;
		diagnostic->hint = text_format(coder->compiler->arena, "this is read as `%.*s`; write `%.*s`",
					       TEXT_ARGS(reading->is), TEXT_ARGS(reading->other));
		return true;
	}
	return false;
}

static void reading_tell(struct coder *coder, const struct syntax *syntax, uint32_t first_diagnostic)
{
	struct reading reading;
	if ((!left_reading(coder, syntax, &reading) && !right_reading(coder, syntax, &reading)) ||
	    hint_put(coder, syntax_named(syntax, 1), first_diagnostic, &reading))
		return;
	complain(coder, DIAGNOSTIC_DEFAULT_READING, syntax, "this is read as `%.*s`", TEXT_ARGS(reading.is))->hint =
		text_format(coder->compiler->arena, "write it so, or `%.*s`", TEXT_ARGS(reading.other));
}
