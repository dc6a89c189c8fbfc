/* and, or: what stands behind is only computed when what stands before has not decided, and still the answer is the
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
