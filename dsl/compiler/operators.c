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
struct operand no_meaning(struct coder *coder, const struct syntax *syntax, const struct operator_word *word,
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

const char *pair_hint(const struct operand *left, const struct operand *right)
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

bool currencies_fit(struct coder *coder, const struct syntax *syntax, const struct operand *left, const struct operand *right)
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

bool units_fit(struct coder *coder, const struct syntax *syntax, const struct operand *left, const struct operand *right)
{
	if (!is_kind(left, TYPE_DURATION) || !is_kind(right, TYPE_DURATION) || !left->is_constant || !right->is_constant)
		return true;
	enum duration_unit a = left->value.unit, b = right->value.unit;
	if (a == b || (is_exact(a) && is_exact(b)))
		return true;
	complain(coder, DIAGNOSTIC_OPERATOR_TYPES, syntax, "durations of these units do not go together")->hint =
		TEXT("go by times: `start + 1 month < now`, or add one after the other, `start + 1 workday + 2h`");
	return false;
}

/* A record of one field beside something that is none: a table with one output. */
void take_single(struct coder *coder, const struct syntax *syntax, struct operand *left, struct operand *right)
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
	if (!types_meet(from.type, to.type) || !type_has_order(from.type)) {
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
		return comparison_expression(coder, syntax, word, negated, first, second);
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
