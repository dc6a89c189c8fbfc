/* Operators: which types go together, what comes of them, and the one step that does it. What the arithmetic of a type pair
 * is stands in a table; a pair that is not there has no meaning. */
#include "dsl/compiler/expression.h"

static const struct operator_word WORDS[] = {
	{"and", OPERATOR_AND, STEP_AND},
	{"or", OPERATOR_OR, STEP_OR},
	{"default", OPERATOR_DEFAULT, STEP_COPY},
	{"..", OPERATOR_RANGE, STEP_RANGE},
	{"==", OPERATOR_COMPARE, STEP_EQUAL},
	{"!=", OPERATOR_COMPARE, STEP_NOT_EQUAL},
	{"<", OPERATOR_COMPARE, STEP_LESS},
	{"<=", OPERATOR_COMPARE, STEP_LESS_EQUAL},
	{">", OPERATOR_COMPARE, STEP_GREATER},
	{">=", OPERATOR_COMPARE, STEP_GREATER_EQUAL},
	{"in", OPERATOR_COMPARE, STEP_IN},
	{"starts", OPERATOR_COMPARE, STEP_STARTS},
	{"ends", OPERATOR_COMPARE, STEP_ENDS},
	{"contains", OPERATOR_COMPARE, STEP_CONTAINS},
	{"matches", OPERATOR_COMPARE, STEP_MATCHES},
	{"+", OPERATOR_COMPUTE, STEP_ADD},
	{"-", OPERATOR_COMPUTE, STEP_SUBTRACT},
	{"*", OPERATOR_COMPUTE, STEP_MULTIPLY},
	{"/", OPERATOR_COMPUTE, STEP_DIVIDE},
};

static const struct operator_word *word_find(struct text word)
{
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
		if (text_is(word, WORDS[i].word))
			return &WORDS[i];
	return NULL;
}

const struct operator_word *operator_of(struct coder *coder, const struct syntax *syntax, bool *negated_out)
{
	*negated_out = false;
	const struct syntax *missing = syntax_child(syntax, SYNTAX_missing);
	if (missing) {
		struct text word = syntax_text(coder->compiler, coder->file, missing);
		complain(coder, DIAGNOSTIC_OPERAND, missing, "a value is missing after `%.*s`", TEXT_ARGS(word));
		return NULL;
	}
	for (each_child (child, syntax)) {
		if (child->kind != SYNTAX_token)
			continue;
		struct text word = syntax_text(coder->compiler, coder->file, child);
		if (text_is(word, "not"))
			*negated_out = true;
		else if (word_find(word))
			return word_find(word);
	}
	return NULL;
}

/* --- messages about a pair of types */
static struct operand no_meaning(struct coder *coder, const struct syntax *syntax, const struct operator_word *word,
				 const struct operand *left, const struct operand *right, const char *hint)
{
	struct text a = show(coder, left->type), b = show(coder, right->type);
	bool compares = word->family == OPERATOR_COMPARE;
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_OPERATOR_TYPES, syntax,
			 compares ? "%.*s cannot be compared with %.*s (`%s`)" : "%.*s and %.*s have no `%s`", TEXT_ARGS(a),
			 TEXT_ARGS(b), word->word);
	if (hint)
		diagnostic->hint = text_from(hint);
	return operand_error(coder, syntax);
}

static bool is_kind(const struct operand *operand, enum type_kind kind)
{
	return operand->type->kind == kind;
}

static bool either(const struct operand *left, const struct operand *right, enum type_kind a, enum type_kind b)
{
	return (is_kind(left, a) && is_kind(right, b)) || (is_kind(left, b) && is_kind(right, a));
}

static const char *pair_hint(const struct operand *left, const struct operand *right)
{
	if (either(left, right, TYPE_MONEY, TYPE_INT) || either(left, right, TYPE_MONEY, TYPE_DECIMAL))
		return "money has a currency: 15.50 EUR";
	if (either(left, right, TYPE_PERCENT, TYPE_INT) || either(left, right, TYPE_PERCENT, TYPE_DECIMAL))
		return "a percentage goes with a percentage: 50%, 100%";
	if (either(left, right, TYPE_DURATION, TYPE_INT) || either(left, right, TYPE_DURATION, TYPE_DECIMAL))
		return "a duration has a unit: 30min, 4h, 2 workdays";
	if (either(left, right, TYPE_DATE, TYPE_TIME))
		return "`date_of(x)` is the day of a time";
	if (either(left, right, TYPE_ENUM, TYPE_TEXT))
		return "the values of an enum are written without quotes";
	if (either(left, right, TYPE_TEXT, TYPE_INT) || either(left, right, TYPE_TEXT, TYPE_DECIMAL))
		return "`text(x)` makes a text of a number";
	return NULL;
}

static bool currencies_fit(struct coder *coder, const struct syntax *syntax, const struct operand *left,
			   const struct operand *right)
{
	if (!left->currency || !right->currency || left->currency == right->currency)
		return true;
	char a[4], b[4];
	currency_unpack(left->currency, a);
	currency_unpack(right->currency, b);
	complain(coder, DIAGNOSTIC_CURRENCY, syntax, "%s and %s do not go together without a rate", a, b);
	return false;
}

static bool is_exact(enum duration_unit unit)
{
	return unit == UNIT_SECOND || unit == UNIT_DAY;
}

static bool units_fit(struct coder *coder, const struct syntax *syntax, const struct operand *left, const struct operand *right)
{
	if (!is_kind(left, TYPE_DURATION) || !is_kind(right, TYPE_DURATION) || !left->is_constant || !right->is_constant)
		return true;
	enum duration_unit a = left->value.unit, b = right->value.unit;
	if (a == b || (is_exact(a) && is_exact(b)))
		return true;
	complain(coder, DIAGNOSTIC_OPERATOR_TYPES, syntax, "durations of these units do not go together")->hint =
		TEXT("add them to a time one after the other: `start + 1 workdays + 2h`");
	return false;
}

/* A record of one field beside something that is none: a table with one output. */
static void take_single(struct coder *coder, const struct syntax *syntax, struct operand *left, struct operand *right)
{
	for (int i = 0; i < 2; i++) {
		struct operand *record = i ? right : left, *other = i ? left : right;
		if (!is_kind(record, TYPE_RECORD) || is_kind(other, TYPE_RECORD) || record->type->record->count != 1)
			continue;
		const struct record_field *field = &record->type->record->fields[0];
		uint32_t from = operand_slot(coder, record), path = coder_constant(coder, value_text(source_of(coder, syntax)));
		coder_step(coder, STEP_FIELD, record->slot = coder_slot(coder), from, 0, path);
		record->type = field->type;
		record->may_miss = record->may_miss || !field->required;
		record->stays = true;
	}
}

/* --- comparisons */
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

static bool has_order(const struct type *type)
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

static bool same(const struct type *a, const struct type *b)
{
	return type_fits(a, b) || type_fits(b, a) || (is_texty(a) && is_texty(b));
}

static bool can_compare(const struct operator_word *word, const struct type *left, const struct type *right)
{
	switch (word->step) {
	case STEP_EQUAL:
	case STEP_NOT_EQUAL:
		return same(left, right);
	case STEP_IN:
		return (right->kind == TYPE_LIST || right->kind == TYPE_RANGE) && same(right->element, left);
	case STEP_CONTAINS:
		if (left->kind == TYPE_LIST)
			return same(left->element, right);
		return is_texty(left) && is_texty(right);
	case STEP_STARTS:
	case STEP_ENDS:
	case STEP_MATCHES:
		return is_texty(left) && is_texty(right);
	default:
		return same(left, right) && has_order(left);
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
	coder->constants.items[last->c] = constant->value;
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

struct operand compare(struct coder *coder, const struct syntax *syntax, const struct operator_word *word, bool negated,
		       struct operand left, struct operand right, uint32_t first_step)
{
	if (is_error(&left) || is_error(&right))
		return operand_error(coder, syntax);
	if ((left.is_constant && left.value.kind == VALUE_MISSING) || (right.is_constant && right.value.kind == VALUE_MISSING)) {
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
static struct operand comparison(struct coder *coder, const struct syntax *syntax, const struct operator_word *word,
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
	return compare(coder, syntax, word, negated, left, right, first_step);
}

/* --- arithmetic */
struct arithmetic {
	enum step_operation step;
	enum type_kind left, right, result;
};

static const struct arithmetic ARITHMETIC[] = {
#define NUMBERS(step, whole)                                                                                                   \
	{step, TYPE_INT, TYPE_INT, whole}, {step, TYPE_INT, TYPE_DECIMAL, TYPE_DECIMAL},                                       \
		{step, TYPE_DECIMAL, TYPE_INT, TYPE_DECIMAL},                                                                  \
	{                                                                                                                      \
		step, TYPE_DECIMAL, TYPE_DECIMAL, TYPE_DECIMAL                                                                 \
	}
#define SCALED(step, kind)                                                                                                     \
	{step, kind, TYPE_INT, kind}, {step, kind, TYPE_DECIMAL, kind},                                                        \
	{                                                                                                                      \
		step, kind, TYPE_PERCENT, kind                                                                                 \
	}
	NUMBERS(STEP_ADD, TYPE_INT),
	NUMBERS(STEP_SUBTRACT, TYPE_INT),
	NUMBERS(STEP_MULTIPLY, TYPE_INT),
	NUMBERS(STEP_DIVIDE, TYPE_DECIMAL),
	{STEP_ADD, TYPE_PERCENT, TYPE_PERCENT, TYPE_PERCENT},
	{STEP_ADD, TYPE_MONEY, TYPE_MONEY, TYPE_MONEY},
	{STEP_ADD, TYPE_TEXT, TYPE_TEXT, TYPE_TEXT},
	{STEP_ADD, TYPE_DATE, TYPE_DURATION, TYPE_DATE},
	{STEP_ADD, TYPE_TIME, TYPE_DURATION, TYPE_TIME},
	{STEP_ADD, TYPE_DURATION, TYPE_DURATION, TYPE_DURATION},
	{STEP_SUBTRACT, TYPE_PERCENT, TYPE_PERCENT, TYPE_PERCENT},
	{STEP_SUBTRACT, TYPE_MONEY, TYPE_MONEY, TYPE_MONEY},
	{STEP_SUBTRACT, TYPE_DATE, TYPE_DURATION, TYPE_DATE},
	{STEP_SUBTRACT, TYPE_TIME, TYPE_DURATION, TYPE_TIME},
	{STEP_SUBTRACT, TYPE_TIME, TYPE_TIME, TYPE_DURATION},
	{STEP_SUBTRACT, TYPE_DATE, TYPE_DATE, TYPE_DURATION},
	{STEP_SUBTRACT, TYPE_DURATION, TYPE_DURATION, TYPE_DURATION},
	SCALED(STEP_MULTIPLY, TYPE_MONEY),
	SCALED(STEP_MULTIPLY, TYPE_DURATION),
	SCALED(STEP_MULTIPLY, TYPE_PERCENT),
	{STEP_MULTIPLY, TYPE_INT, TYPE_MONEY, TYPE_MONEY},
	{STEP_MULTIPLY, TYPE_DECIMAL, TYPE_MONEY, TYPE_MONEY},
	{STEP_MULTIPLY, TYPE_PERCENT, TYPE_MONEY, TYPE_MONEY},
	{STEP_MULTIPLY, TYPE_INT, TYPE_DURATION, TYPE_DURATION},
	{STEP_MULTIPLY, TYPE_DECIMAL, TYPE_DURATION, TYPE_DURATION},
	{STEP_MULTIPLY, TYPE_PERCENT, TYPE_DURATION, TYPE_DURATION},
	{STEP_MULTIPLY, TYPE_INT, TYPE_PERCENT, TYPE_DECIMAL},
	{STEP_MULTIPLY, TYPE_DECIMAL, TYPE_PERCENT, TYPE_DECIMAL},
	SCALED(STEP_DIVIDE, TYPE_MONEY),
	{STEP_DIVIDE, TYPE_MONEY, TYPE_MONEY, TYPE_DECIMAL},
	{STEP_DIVIDE, TYPE_DURATION, TYPE_INT, TYPE_DURATION},
	{STEP_DIVIDE, TYPE_DURATION, TYPE_DECIMAL, TYPE_DURATION},
	{STEP_DIVIDE, TYPE_DURATION, TYPE_DURATION, TYPE_DECIMAL},
	{STEP_DIVIDE, TYPE_PERCENT, TYPE_INT, TYPE_PERCENT},
	{STEP_DIVIDE, TYPE_PERCENT, TYPE_DECIMAL, TYPE_PERCENT},
	{STEP_DIVIDE, TYPE_PERCENT, TYPE_PERCENT, TYPE_DECIMAL},
#undef NUMBERS
#undef SCALED
};

static const struct arithmetic *arithmetic_of(enum step_operation step, enum type_kind left, enum type_kind right)
{
	for (size_t i = 0; i < sizeof(ARITHMETIC) / sizeof(*ARITHMETIC); i++)
		if (ARITHMETIC[i].step == step && ARITHMETIC[i].left == left && ARITHMETIC[i].right == right)
			return &ARITHMETIC[i];
	return NULL;
}

static bool is_hours(const struct operand *operand)
{
	return operand->is_constant && operand->value.kind == VALUE_DURATION &&
	       (operand->value.unit == UNIT_SECOND || operand->value.unit == UNIT_WORK_SECOND);
}

/* A document's value takes the type of the other side. */
static void type_sides(struct coder *coder, struct operand *left, struct operand *right)
{
	if (left->type->kind == TYPE_DATA && right->type->kind != TYPE_DATA)
		make_typed(coder, left, right->type, true);
	else if (right->type->kind == TYPE_DATA && left->type->kind != TYPE_DATA)
		make_typed(coder, right, left->type, true);
}

static struct operand arithmetic(struct coder *coder, const struct syntax *syntax, const struct operator_word *word,
				 const struct syntax *first, const struct syntax *second)
{
	uint32_t first_step = coder->steps.count;
	struct operand left = expression(coder, first, NULL), right = expression(coder, second, NULL);
	if (is_error(&left) || is_error(&right))
		return operand_error(coder, syntax);
	take_single(coder, syntax, &left, &right);
	type_sides(coder, &left, &right);
	uint32_t nodes[] = {left.node, right.node};
	if (word->step == STEP_ADD && is_kind(&left, TYPE_DURATION) &&
	    (is_kind(&right, TYPE_TIME) || is_kind(&right, TYPE_DATE))) {
		struct operand swapped = left;
		left = right;
		right = swapped;
	}
	const struct arithmetic *row = arithmetic_of(word->step, left.type->kind, right.type->kind);
	if (!row)
		return no_meaning(coder, syntax, word, &left, &right, pair_hint(&left, &right));
	if (row->left == TYPE_DATE && row->right == TYPE_DURATION && is_hours(&right))
		return no_meaning(coder, syntax, word, &left, &right, "a date has no hours; add days, or use a time");
	bool sums = word->step == STEP_ADD || word->step == STEP_SUBTRACT || row->right == row->left;
	if (sums && (!currencies_fit(coder, syntax, &left, &right) || !units_fit(coder, syntax, &left, &right)))
		return operand_error(coder, syntax);
	uint32_t a = operand_slot(coder, &left), b = operand_slot(coder, &right), slot = coder_slot(coder);
	coder_step(coder, word->step, slot, a, b, 0);
	struct operand result = operand_new(coder, NODE_OTHER, syntax, simple(coder, row->result), slot, first_step, nodes, 2);
	result.may_miss = left.may_miss || right.may_miss;
	if (row->result == TYPE_MONEY)
		result.currency = left.currency ? left.currency : right.currency;
	return result;
}

/* --- ranges */
struct operand range_of(struct coder *coder, const struct syntax *syntax, const struct syntax *low, const struct syntax *high,
			const struct type *wanted)
{
	uint32_t first_step = coder->steps.count;
	const struct type *element =
		wanted && (wanted->kind == TYPE_LIST || wanted->kind == TYPE_RANGE) ? wanted->element : NULL;
	struct operand from = expression(coder, low, element);
	if (is_error(&from))
		return from;
	struct operand to = expression(coder, high, element ? element : from.type);
	if (is_error(&to))
		return to;
	unify(coder, &from, &to);
	if (!same(from.type, to.type) || !has_order(from.type)) {
		struct text a = show(coder, from.type), b = show(coder, to.type);
		complain(coder, DIAGNOSTIC_OPERATOR_TYPES, syntax, "there is no range from %.*s to %.*s", TEXT_ARGS(a),
			 TEXT_ARGS(b));
		return operand_error(coder, syntax);
	}
	if (!currencies_fit(coder, syntax, &from, &to) || !units_fit(coder, syntax, &from, &to))
		return operand_error(coder, syntax);
	const struct type *type = type_range(coder->compiler, from.type);
	if (from.is_constant && to.is_constant) {
		struct value *ends = arena_array(coder->compiler->arena, struct value, 2);
		ends[0] = from.value;
		ends[1] = to.value;
		return operand_constant(coder, syntax, (struct value){.kind = VALUE_RANGE, .count = 2, .items = ends}, type);
	}
	uint32_t nodes[] = {from.node, to.node};
	uint32_t a = operand_slot(coder, &from), b = operand_slot(coder, &to), slot = coder_slot(coder);
	coder_step(coder, STEP_RANGE, slot, a, b, 0);
	struct operand result = operand_new(coder, NODE_OTHER, syntax, type, slot, first_step, nodes, 2);
	result.may_miss = from.may_miss || to.may_miss;
	return result;
}

struct operand binary_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	bool negated;
	const struct operator_word *word = operator_of(coder, syntax, &negated);
	const struct syntax *first = syntax_named(syntax, 0), *second = syntax_named(syntax, 1);
	if (!word || !first || !second)
		return operand_error(coder, syntax);
	switch (word->family) {
	case OPERATOR_AND:
	case OPERATOR_OR:
		return logic_expression(coder, syntax, word->family);
	case OPERATOR_DEFAULT:
		return default_expression(coder, syntax, wanted);
	case OPERATOR_RANGE:
		return range_of(coder, syntax, first, second, wanted);
	case OPERATOR_COMPARE:
		return comparison(coder, syntax, word, negated, first, second);
	default:
		return arithmetic(coder, syntax, word, first, second);
	}
}

/* --- one operand */
static struct operand negative(struct coder *coder, const struct syntax *syntax, const struct syntax *inner,
			       const struct type *wanted)
{
	uint32_t first_step = coder->steps.count;
	struct operand operand = expression(coder, inner, wanted);
	if (is_error(&operand))
		return operand;
	if (!type_is_number(operand.type) && operand.type->kind != TYPE_MONEY && operand.type->kind != TYPE_DURATION) {
		struct text type = show(coder, operand.type);
		complain(coder, DIAGNOSTIC_OPERATOR_TYPES, syntax, "%.*s has no negative", TEXT_ARGS(type));
		return operand_error(coder, syntax);
	}
	if (operand.is_constant) {
		struct value value = operand.value;
		if (value.kind == VALUE_INT || value.kind == VALUE_DURATION)
			value.integer = -value.integer;
		else
			value.mantissa = -value.mantissa;
		return operand_constant(coder, syntax, value, operand.type);
	}
	uint32_t slot = coder_slot(coder), node = operand.node;
	coder_step(coder, STEP_NEGATE, slot, operand.slot, 0, 0);
	struct operand result = operand_new(coder, NODE_OTHER, syntax, operand.type, slot, first_step, &node, 1);
	result.may_miss = operand.may_miss;
	result.currency = operand.currency;
	return result;
}

struct operand unary_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	const struct syntax *inner = syntax_named(syntax, 0);
	if (!inner)
		return operand_error(coder, syntax);
	if (!syntax_has_word(coder->compiler, coder->file, syntax, "not"))
		return negative(coder, syntax, inner, wanted);
	uint32_t first_step = coder->steps.count;
	struct operand operand = condition(coder, inner);
	if (is_error(&operand))
		return operand;
	uint32_t node = operand.node, from = operand_slot(coder, &operand), slot = coder_slot(coder);
	coder_step(coder, STEP_NOT, slot, from, 0, 0);
	struct operand result = operand_new(coder, NODE_NOT, syntax, operand.type, slot, first_step, &node, 1);
	result.may_miss = operand.may_miss;
	return result;
}

struct operand presence_expression(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *inner = syntax_named(syntax, 0);
	uint32_t first_step = coder->steps.count;
	struct operand operand = inner ? expression(coder, inner, NULL) : operand_error(coder, syntax);
	if (is_error(&operand))
		return operand;
	uint32_t node = operand.node, from = operand_slot(coder, &operand), slot = coder_slot(coder);
	coder_step(coder, STEP_IS_SET, slot, from, 0, 0);
	if (syntax_has_word(coder->compiler, coder->file, syntax, "not")) {
		uint32_t positive = slot;
		coder_step(coder, STEP_NOT, slot = coder_slot(coder), positive, 0, 0);
	}
	return operand_new(coder, NODE_COMPARISON, syntax, simple(coder, TYPE_BOOL), slot, first_step, &node, 1);
}
