/* and, or, default: what stands behind is only computed when what stands before has not decided, and still the answer is the
 * three-valued one: steps that were jumped over leave MISSING (or what an earlier round left), and false and, true or win. */
#include "dsl/compiler/expression.h"

/* a and b and c: one node of three. */
static uint32_t chain_read(struct coder *coder, const struct syntax *syntax, enum operator family,
			   const struct syntax **links_out)
{
	uint32_t count = 0;
	bool negated;
	const struct syntax *at = syntax;
	for (;;) {
		const struct operator_word *word = at->kind == SYNTAX_binary ? operator_of(coder, at, &negated) : NULL;
		const struct syntax *first = syntax_named(at, 0), *second = syntax_named(at, 1);
		if (!word || word->family != family || !first || !second || count == PARSE_MAX_DEPTH)
			break;
		links_out[count++] = second;
		at = first;
	}
	links_out[count++] = at;
	for (uint32_t i = 0; i < count / 2; i++) {
		const struct syntax *swapped = links_out[i];
		links_out[i] = links_out[count - 1 - i];
		links_out[count - 1 - i] = swapped;
	}
	return count;
}

struct operand logic_expression(struct coder *coder, const struct syntax *syntax, enum operator family)
{
	bool and = family == OPERATOR_AND;
	const struct syntax *links[PARSE_MAX_DEPTH + 2];
	uint32_t slots[PARSE_MAX_DEPTH + 2], nodes[PARSE_MAX_DEPTH + 2], jumps[PARSE_MAX_DEPTH + 2];
	uint32_t count = chain_read(coder, syntax, family, links), first_step = coder->steps.count, mark = facts_mark(coder);
	bool may_miss = false, failed = false;
	for (uint32_t i = 0; i < count; i++) {
		struct operand operand = condition(coder, links[i]);
		failed = failed || is_error(&operand);
		may_miss = may_miss || operand.may_miss;
		nodes[i] = operand.node;
		slots[i] = operand_slot(coder, &operand);
		if (i + 1 < count)
			jumps[i] = coder_jump(coder, and? STEP_JUMP_FALSE : STEP_JUMP_TRUE, slots[i]);
		if (and)
			facts_add(coder, links[i]);
		else
			facts_add_else(coder, links[i]);
	}
	facts_reset(coder, mark);
	if (failed)
		return operand_error(coder, syntax);
	for (uint32_t i = 0; i + 1 < count; i++)
		coder_land(coder, jumps[i]);
	uint32_t result = slots[0];
	for (uint32_t i = 1; i < count; i++) {
		uint32_t so_far = result;
		coder_step(coder, and? STEP_AND : STEP_OR, result = coder_slot(coder), so_far, slots[i], 0);
	}
	struct operand operand =
		operand_new(coder, and? NODE_AND : NODE_OR, syntax, simple(coder, TYPE_BOOL), result, first_step, nodes, count);
	operand.may_miss = may_miss;
	return operand;
}

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

/* --- default is weaker than all its neighbours: said where the author may have meant the other reading */
static bool is_true_or_false(const struct syntax *syntax)
{
	return syntax->kind == SYNTAX_true || syntax->kind == SYNTAX_false;
}

static struct text source_between(struct coder *coder, const struct syntax *from, const struct syntax *to)
{
	struct text source = coder->compiler->inputs[coder->file].text;
	return text_slice(source, from->start, to->end);
}

/* `a == b default c`, `not a default b` */
static bool left_reading(struct coder *coder, const struct syntax *syntax, const struct syntax *first,
			 const struct syntax *second)
{
	const struct syntax *inner = syntax_named(first, first->kind == SYNTAX_binary ? 1 : 0);
	bool negated, compares = false;
	if (first->kind == SYNTAX_binary) {
		const struct operator_word *word = operator_of(coder, first, &negated);
		if (!word || (word->family != OPERATOR_AND && word->family != OPERATOR_OR && word->family != OPERATOR_COMPARE))
			return false;
		compares = word->family == OPERATOR_COMPARE;
	} else if (first->kind != SYNTAX_unary || !syntax_has_word(coder->compiler, coder->file, first, "not")) {
		return false;
	}
	/* a comparison that is false when something is not set: only this can be meant */
	if (!inner || (compares && is_true_or_false(second)))
		return false;
	struct text whole = syntax_text(coder->compiler, coder->file, syntax),
		    left = syntax_text(coder->compiler, coder->file, first);
	struct text before = text_slice(whole, 0, inner->start - syntax->start), after = source_between(coder, inner, second);
	struct text behind = text_slice(whole, first->end - syntax->start, whole.length);
	struct diagnostic *diagnostic = complain(coder, DIAGNOSTIC_DEFAULT_READING, syntax, "this is read as `(%.*s)%.*s`",
						 TEXT_ARGS(left), TEXT_ARGS(behind));
	diagnostic->hint =
		text_format(coder->compiler->arena, "write it so, or `%.*s(%.*s)`", TEXT_ARGS(before), TEXT_ARGS(after));
	return true;
}

/* `a default b and c`, `a default 0 > 5` */
static void right_reading(struct coder *coder, const struct syntax *syntax, const struct syntax *second)
{
	bool negated;
	const struct operator_word *word = second->kind == SYNTAX_binary ? operator_of(coder, second, &negated) : NULL;
	const struct syntax *inner = syntax_named(second, 0);
	bool presence = second->kind == SYNTAX_presence;
	if (!inner || (!presence && (!word || (word->family != OPERATOR_AND && word->family != OPERATOR_OR &&
					       word->family != OPERATOR_COMPARE))))
		return;
	struct text whole = syntax_text(coder->compiler, coder->file, syntax),
		    right = syntax_text(coder->compiler, coder->file, second);
	struct text before = text_slice(whole, 0, second->start - syntax->start);
	struct text upto = text_slice(whole, 0, inner->end - syntax->start),
		    behind = text_slice(whole, upto.length, whole.length);
	struct diagnostic *diagnostic = complain(coder, DIAGNOSTIC_DEFAULT_READING, syntax, "this is read as `%.*s(%.*s)`",
						 TEXT_ARGS(before), TEXT_ARGS(right));
	diagnostic->hint =
		text_format(coder->compiler->arena, "write it so, or `(%.*s)%.*s`", TEXT_ARGS(upto), TEXT_ARGS(behind));
}

/* INT default DECIMAL is DECIMAL: the copy of the INT becomes a conversion. */
static void widen(struct coder *coder, uint32_t copy)
{
	coder->steps.items[copy].operation = STEP_TO_DECIMAL;
}

struct operand default_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	const struct syntax *first = syntax_named(syntax, 0), *second = syntax_named(syntax, 1);
	uint32_t first_step = coder->steps.count;
	if (!left_reading(coder, syntax, first, second))
		right_reading(coder, syntax, second);
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
