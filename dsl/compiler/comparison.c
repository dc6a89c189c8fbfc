/* Comparisons: what may be compared with what, a bare name's meaning from the other side, and the fusion of a field and a
 * constant into one step. */
#include "dsl/compiler/expression.h"

const struct type *other_side(struct coder *coder, const struct operator_word *word, const struct type *left)
{
	if (word->step == STEP_IN)
		return type_list(coder->compiler, left);
	if (word->step == STEP_CONTAINS && left->kind == TYPE_LIST)
		return left->element;
	if (word->step == STEP_STARTS || word->step == STEP_ENDS || word->step == STEP_MATCHES || word->step == STEP_CONTAINS)
		return simple(coder, TYPE_TEXT);
	return left;
}

static bool is_texty(const struct type *type)
{
	return type->kind == TYPE_TEXT || type->kind == TYPE_FILE || type->kind == TYPE_SECRET;
}

bool type_has_order(const struct type *type)
{
	switch (type->kind) {
	case TYPE_INT:
	case TYPE_DECIMAL:
	case TYPE_PERCENT:
	case TYPE_MONEY:
	case TYPE_TEXT:
	case TYPE_DATE:
	case TYPE_TIME:
	case TYPE_TIME_OF_DAY:
	case TYPE_DURATION:
	case TYPE_ENUM:
	case TYPE_BOOL:
		return true;
	default:
		return false;
	}
}

bool types_meet(const struct type *a, const struct type *b)
{
	return type_fits(a, b) || type_fits(b, a) || (is_texty(a) && is_texty(b));
}

static bool can_compare(const struct operator_word *word, const struct type *left, const struct type *right)
{
	switch (word->step) {
	case STEP_EQUAL:
	case STEP_NOT_EQUAL:
		return types_meet(left, right);
	case STEP_IN:
		return (right->kind == TYPE_LIST || right->kind == TYPE_RANGE) && types_meet(right->element, left);
	case STEP_CONTAINS:
		if (left->kind == TYPE_LIST)
			return types_meet(left->element, right);
		return is_texty(left) && is_texty(right);
	case STEP_STARTS:
	case STEP_ENDS:
	case STEP_MATCHES:
		return is_texty(left) && is_texty(right);
	default:
		return types_meet(left, right) && type_has_order(left);
	}
}

/* INT and DECIMAL inside a list or range. */
static void unify_element(struct coder *coder, struct operand *item, struct operand *many)
{
	if (many->type->kind == TYPE_DATA && item->type->kind != TYPE_DATA)
		make_typed(coder, many, type_list(coder->compiler, item->type), true);
	const struct type *element =
		many->type->kind == TYPE_LIST || many->type->kind == TYPE_RANGE ? many->type->element : NULL;
	if (!element)
		return;
	if (item->type->kind == TYPE_DATA)
		make_typed(coder, item, element, true);
	if (item->type->kind == TYPE_INT && element->kind == TYPE_DECIMAL)
		make_decimal(coder, item);
}

static void unify_sides(struct coder *coder, const struct operator_word *word, struct operand *left, struct operand *right)
{
	bool texts = word->step == STEP_STARTS || word->step == STEP_ENDS || word->step == STEP_MATCHES ||
		     (word->step == STEP_CONTAINS && left->type->kind == TYPE_DATA);
	if (word->step == STEP_IN) {
		unify_element(coder, left, right);
	} else if (word->step == STEP_CONTAINS && left->type->kind == TYPE_LIST) {
		unify_element(coder, right, left);
	} else if (texts) {
		if (left->type->kind == TYPE_DATA)
			make_typed(coder, left, simple(coder, TYPE_TEXT), true);
		if (right->type->kind == TYPE_DATA)
			make_typed(coder, right, simple(coder, TYPE_TEXT), true);
	} else {
		unify(coder, left, right);
	}
}

static enum step_operation mirrored(enum step_operation step)
{
	switch (step) {
	case STEP_LESS:
		return STEP_GREATER;
	case STEP_LESS_EQUAL:
		return STEP_GREATER_EQUAL;
	case STEP_GREATER:
		return STEP_LESS;
	case STEP_GREATER_EQUAL:
		return STEP_LESS_EQUAL;
	default:
		return step;
	}
}

static enum step_operation fused(enum step_operation step)
{
	switch (step) {
	case STEP_EQUAL:
		return STEP_FIELD_EQUAL_CONSTANT;
	case STEP_NOT_EQUAL:
		return STEP_FIELD_NOT_EQUAL_CONSTANT;
	case STEP_LESS:
		return STEP_FIELD_LESS_CONSTANT;
	case STEP_LESS_EQUAL:
		return STEP_FIELD_LESS_EQUAL_CONSTANT;
	case STEP_GREATER:
		return STEP_FIELD_GREATER_CONSTANT;
	case STEP_GREATER_EQUAL:
		return STEP_FIELD_GREATER_EQUAL_CONSTANT;
	case STEP_IN:
		return STEP_FIELD_IN_CONSTANT;
	default:
		return STEP_COUNT;
	}
}

/* Whether the last step is the FIELD that made `operand`, and nobody else reads it. */
static bool is_fresh_field(const struct coder *coder, const struct operand *operand)
{
	if (operand->is_constant || !coder->steps.count)
		return false;
	const struct step *last = list_last(&coder->steps);
	return last->operation == STEP_FIELD && last->d == operand->slot && !operand->stays;
}

/* FIELD and comparison with a constant become one step. */
static bool fuse(struct coder *coder, enum step_operation step, struct operand *left, struct operand *right, uint32_t *slot_out)
{
	struct operand *field = left, *constant = right;
	if (step == STEP_CONTAINS && left->type->kind == TYPE_LIST)
		step = STEP_CONSTANT_IN_FIELD;
	else if (step == STEP_IN && left->is_constant)
		step = STEP_CONSTANT_IN_FIELD, field = right, constant = left;
	else if (left->is_constant && step != STEP_IN && step != STEP_CONTAINS)
		step = fused(mirrored(step)), field = right, constant = left;
	else
		step = fused(step);
	if (step == STEP_COUNT || !constant->is_constant || !is_fresh_field(coder, field))
		return false;
	struct step *last = list_last(&coder->steps);
	last->operation = (uint8_t)step;
	coder->constants.items[last->c] = constant_shared(coder->compiler, constant->value);
	*slot_out = last->d = coder_slot(coder);
	coder->nodes.items[field->node].slot = SLOT_NONE;
	coder->nodes.items[field->node].fused_step = coder->steps.count - 1;
	last->node = NODE_NONE;
	return true;
}

/* `x in period`, a record of two days: from <= x and x < until. */
static struct operand in_period(struct coder *coder, const struct syntax *syntax, bool negated, struct operand left,
				struct operand right, uint32_t first_step)
{
	const struct type *boolean = simple(coder, TYPE_BOOL);
	uint32_t nodes[] = {left.node, right.node}, slots[2];
	uint32_t x = operand_slot(coder, &left), period = operand_slot(coder, &right);
	uint32_t day = left.type->kind == TYPE_TIME ? date_of_time(coder, x) : x;
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t edge = coder_slot(coder), path = coder_constant(coder, value_text(source_of(coder, syntax)));
		coder_step(coder, STEP_FIELD, edge, period, i, path);
		slots[i] = coder_slot(coder);
		coder_step(coder, i ? STEP_LESS : STEP_GREATER_EQUAL, slots[i], day, edge, 0);
	}
	uint32_t result = coder_slot(coder);
	coder_step(coder, STEP_AND, result, slots[0], slots[1], 0);
	if (negated) {
		uint32_t positive = result;
		coder_step(coder, STEP_NOT, result = coder_slot(coder), positive, 0, 0);
	}
	return operand_new(coder, NODE_COMPARISON, syntax, boolean, result, first_step, nodes, 2);
}

static bool is_period(const struct type *type)
{
	return type->kind == TYPE_RECORD && type->record->count == 2 && text_is(type->record->fields[0].name, "from") &&
	       text_is(type->record->fields[1].name, "until") && type->record->fields[0].type->kind == TYPE_DATE;
}

struct operand compared(struct coder *coder, const struct syntax *syntax, const struct operator_word *word, bool negated,
			struct operand left, struct operand right, uint32_t first_step)
{
	if (is_error(&left) || is_error(&right))
		return operand_error(coder, syntax);
	if ((left.is_constant && left.value.kind == VALUE_MISSING) ||
	    (right.is_constant && right.value.kind == VALUE_MISSING)) {
		complain(coder, DIAGNOSTIC_OPERATOR_TYPES, syntax, "nothing equals or follows what is missing")->hint =
			TEXT("ask `x is set` or `x is not set`");
		return operand_error(coder, syntax);
	}
	bool dated = left.type->kind == TYPE_DATE || left.type->kind == TYPE_TIME;
	if (word->step == STEP_IN && dated && is_period(right.type))
		return in_period(coder, syntax, negated, left, right, first_step);
	take_single(coder, syntax, &left, &right);
	unify_sides(coder, word, &left, &right);
	if (!can_compare(word, left.type, right.type))
		return no_meaning(coder, syntax, word, &left, &right, pair_hint(&left, &right));
	if (!currencies_fit(coder, syntax, &left, &right) || !units_fit(coder, syntax, &left, &right))
		return operand_error(coder, syntax);
	uint32_t nodes[] = {left.node, right.node}, slot;
	if (!fuse(coder, word->step, &left, &right, &slot)) {
		uint32_t a = operand_slot(coder, &left), b = operand_slot(coder, &right);
		coder_step(coder, word->step, slot = coder_slot(coder), a, b, 0);
	}
	if (negated) {
		uint32_t positive = slot;
		coder_step(coder, STEP_NOT, slot = coder_slot(coder), positive, 0, 0);
	}
	struct operand result =
		operand_new(coder, NODE_COMPARISON, syntax, simple(coder, TYPE_BOOL), slot, first_step, nodes, 2);
	result.may_miss = left.may_miss || right.may_miss;
	return result;
}

/* A bare name gets its meaning from the other side, whichever stands first. */
struct operand comparison_expression(struct coder *coder, const struct syntax *syntax, const struct operator_word *word,
				     bool negated, const struct syntax *first, const struct syntax *second)
{
	uint32_t first_step = coder->steps.count;
	struct operand left, right;
	if (word->step != STEP_IN && word->step != STEP_CONTAINS && needs_hint(coder, first) && !needs_hint(coder, second)) {
		right = expression(coder, second, NULL);
		left = is_error(&right) ? right : expression(coder, first, right.type);
	} else if (word->step == STEP_IN && needs_hint(coder, first) && !needs_hint(coder, second)) {
		right = expression(coder, second, NULL);
		left = is_error(&right) ? right : expression(coder, first, right.type->element);
	} else {
		left = expression(coder, first, NULL);
		right = is_error(&left) ? left : expression(coder, second, other_side(coder, word, left.type));
	}
	return compared(coder, syntax, word, negated, left, right, first_step);
}
